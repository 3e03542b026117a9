import ChordLogic
import ChordWire
import DeterministicCore
import Networking
import Session
import TorrentModel

/// Looks up keys at random through a node, again and again, and tells how long each took beside a
/// round trip to a member: what whoever runs a node watches.
///
/// The round trip is one to the owner found the time before. That of the key itself has just been
/// asked, and a process that has just been busy answers a second time sooner.
final class RingProbe {
  private let service: ChordService
  private let interval: TimeSpan
  private let console: Console
  private var random = SystemRandomNumberGenerator()
  /// The owner found last.
  private var acquaintance: Contact?
  private var count = 0

  init(_ service: ChordService, every interval: TimeSpan, _ console: Console) {
    self.service = service
    self.interval = interval
    self.console = console
  }

  func begin(on reactor: Reactor) {
    reactor.schedule(after: interval) { [weak self] in
      guard let self else { return }
      if service.isMember { look() }
      begin(on: reactor)
    }
  }

  /// One lookup and one round trip. This node is the slower to begin with: each goes first in turn.
  private func look() {
    count += 1
    if count.isMultiple(of: 2) {
      lookUp { [weak self] key, outcome, time in
        self?.ping { roundTrip in self?.tell(key, outcome, time, roundTrip: roundTrip) }
      }
    } else {
      ping { [weak self] roundTrip in
        self?.lookUp { key, outcome, time in self?.tell(key, outcome, time, roundTrip: roundTrip) }
      }
    }
  }

  private func ping(then done: @escaping (TimeSpan?) -> Void) {
    guard let acquaintance else { return done(nil) }
    let start = Reactor.clock
    service.ask(acquaintance, .ping) { result in
      if case .success = result { done(Reactor.clock - start) } else { done(nil) }
    }
  }

  private func lookUp(then done: @escaping (Identifier, LookupOutcome, TimeSpan) -> Void) {
    let key = Identifier(
      high: UInt32(truncatingIfNeeded: random.next()), middle: random.next(), low: random.next())
    let start = Reactor.clock
    service.lookUp(key) { done(key, $0, Reactor.clock - start) }
  }

  private func tell(
    _ key: Identifier, _ outcome: LookupOutcome, _ time: TimeSpan, roundTrip: TimeSpan?
  ) {
    acquaintance = outcome.owner.flatMap { $0.endpoint == service.ownEndpoint ? nil : $0 }
    console.event(
      .event(
        .ringProbe,
        [
          ("ring", .string(service.name.description)), ("key", .string(RingNarrator.text(key))),
          ("owner", .optional(outcome.owner.map { RingNarrator.text($0.id) })),
          ("hops", .integer(Int64(outcome.hops))), ("timeouts", .integer(Int64(outcome.timeouts))),
          ("milliseconds", .decimal(time.seconds * 1000)),
          ("roundTrip", roundTrip.map { .decimal($0.seconds * 1000) } ?? .null),
        ]))
    let result = outcome.owner.map { "owner \($0)" } ?? "no owner"
    console.explain(
      "probe \(result) after \(Format.count(outcome.hops, "hop")), "
        + "\((time.seconds * 10_000).rounded() / 10) ms")
  }
}
