/// The shape of every decision in the house: facts in, effects out.
///
/// A machine never performs anything: it appends effects that its driver carries out, whose
/// results come back as further inputs. It may keep any state, but no clock, no randomness of its
/// own, and nothing that is alive (sockets, files, tasks), so that a run is a function of its
/// inputs and can be replayed.
public protocol StateMachine: ~Copyable {
  associatedtype Input
  associatedtype Effect

  /// Takes one fact, valid at `now`, and appends what has to be done about it, in order.
  mutating func handle(_ input: Input, at now: Moment, into effects: inout [Effect])
}
