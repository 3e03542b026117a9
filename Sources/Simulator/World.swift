public import DeterministicCore
import Hashing
import PeerWire
import SwarmLogic
import TorrentModel
import TrackerLogic
import TrackerWire

/// What becomes of an effect of a host: another, or nothing.
typealias Mutation = (Int, SwarmEffect) -> SwarmEffect?

/// A whole swarm in virtual time: hosts that run the production decisions, a tracker that runs its
/// own, and between them links with capacities, delays and faults.
///
/// This file holds the state and the loop. A run is a function of its plan and its seed: there is
/// one queue of events, one generator, and no other order than the events'.
///
/// The invariant: the world decides nothing that a swarm, a choker, a picker, an announce schedule
/// or a tracker decides. It carries out their effects and tells them the facts.
public struct World: ~Copyable {
  let plan: Plan
  let geometry: PieceGeometry
  public internal(set) var now = Moment.zero
  var queue = EventQueue()
  var generator: SeededGenerator
  var digest = TraceDigest()
  var hosts: [SimulatedHost] = []
  let room: SwarmRoom
  /// Where they lie, for `foresee`.
  var places: [HostPlace] = []
  let links: AccessLinks
  var connections = ConnectionTable()
  var tracker: Tracker
  var effects: [SwarmEffect] = []

  // What is too large for an event.
  var messages = Pool<PeerMessage>()
  var unsent = Pool<[Block]>()
  var answers = Pool<TrackerAnswer>()
  var knocks: [UInt64: UInt32] = [:]
  var nextTicket: UInt64 = 0

  // Faults under way.
  var isTrackerUp = true
  /// Hosts below this number are cut off from the others; 0 while nobody is.
  var cut = 0
  var healsAt = Moment.zero

  // The books.
  var census: Census
  var ledger = Ledger()
  var samples: [Sample] = []
  let samplePeriod: TimeSpan
  var violations: [String] = []
  /// The host at which the event under way happens is checked after every so many events, and its
  /// messages as they are sent; 0: all hosts are, when the run has ended, and no messages.
  let checkEvery: Int
  var requestBook = RequestBook()
  /// The host whose effects are under way was in its endgame when it heard of the fact.
  var wasInEndgame = false
  public internal(set) var eventCount = 0
  /// Changes effects on their way into the world, so that tests see wrong decisions found.
  var mutation: Mutation?
  /// Hosts that are waited for and not complete.
  var awaited: Int

  private let inPlace = InPlace()

  /// A run with more violations than this has shown enough.
  static let mostViolations = 20
  static let infoHash = InfoHash(.zero)
  /// Hashing a piece.
  static let hashing = TimeSpan.milliseconds(1)

  /// - Parameter checkEvery: after how many events the invariants are looked at; 0: at the end.
  public init(_ plan: Plan, seed: UInt64, checkEvery: Int) {
    self.plan = plan
    self.checkEvery = checkEvery
    geometry = plan.geometry
    room = SwarmRoom(count: plan.hosts.count)
    links = AccessLinks(plan.hosts.map(\.link))
    var generator = SeededGenerator(seed: seed)
    var policy = AnnouncePolicy()
    policy.jitter = .minutes(1)
    tracker = Tracker(
      policy: policy, admission: .everything, seed: generator.next(),
      secret: TrackerSecret(generator.next(), generator.next()))
    census = Census(pieceCount: plan.geometry.pieceCount)
    awaited = plan.hosts.count { $0.isWaitedFor }
    let bound = LowerBound(plan).fluid
    samplePeriod = .seconds(max(0.25, (bound.isFinite ? bound : 60) / 64))
    self.generator = generator
    for number in plan.hosts.indices { addHost(number) }
    for (place, happening) in plan.happenings.enumerated() {
      schedule(.happening, at: happening.at, subject: UInt32(place))
    }
    schedule(.sample, at: .zero + samplePeriod)
  }

  mutating func schedule(
    _ kind: Event.Kind, at moment: Moment, host: Int = 0, subject: UInt32 = 0,
    generation: UInt32 = 0, piece: UInt32 = 0, number: UInt16 = 0, isPoisoned: Bool = false
  ) {
    queue.schedule(
      Event(
        at: moment.nanoseconds, host: UInt32(host), subject: subject, generation: generation,
        piece: piece, number: number, kind: kind, isPoisoned: isPoisoned))
  }

  /// Whether there is nobody left to wait for, or no time, or too much has gone wrong.
  public var isOver: Bool {
    awaited == 0 || now >= plan.deadline || violations.count >= Self.mostViolations
  }

  /// Lets at most `budget` events happen. Returns whether there is more to come.
  public mutating func run(events budget: Int) -> Bool {
    var left = budget
    while left > 0, !isOver, let event = queue.next() {
      left -= 1
      eventCount += 1
      now = Moment(nanoseconds: event.at)
      foresee(from: event)
      let made = happen(event)
      digest.fold(event, effects: made)
      if checkEvery > 0, eventCount % checkEvery == 0 { check(Int(event.host)) }
    }
    return left == 0 && !isOver
  }

  /// Returns the number of effects, which is part of the trace.
  private mutating func happen(_ event: Event) -> Int {
    let host = Int(event.host)
    switch event.kind {
    case .arrival: return start(host)
    case .departure: depart(host, event.generation)
    case .happening: befall(plan.happenings[Int(event.subject)].event)
    case .wake:
      guard isAlive(host, event.generation) else { return 0 }
      return tell(host, .wake)
    case .announceDue: announceIfDue(host, event.generation)
    case .trackerAnswer: return takeAnswer(event)
    case .knock: return knock(event)
    case .greeting: return greet(event)
    case .ended: return end(event)
    case .message: return deliver(messages.take(event.piece), event)
    case .have: return deliver(.have(PieceIndex(number: event.piece)), event)
    case .request:
      return deliver(
        .request(geometry.block(Int(event.number), in: PieceIndex(number: event.piece))), event)
    case .unsent: return takeBack(event)
    case .sent: return finishSending(event)
    case .reached: reach(event)
    case .delivered: return land(event)
    case .verified: return verify(event)
    case .played: finishPlaying(event)
    case .sample: sample()
    }
    return 0
  }

  func isAlive(_ host: Int, _ life: UInt32) -> Bool {
    hosts[host].isOnline && hosts[host].life == life
  }
}
