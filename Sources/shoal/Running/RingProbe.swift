import ChordLogic
import ChordWire
import DeterministicCore
import Networking
import Session
import TorrentModel

/// Looks up keys at random through a node, again and again, and tells how long each took beside a
/// round trip to the owner that it found: what whoever runs a node watches.
final class RingProbe {
  private let service: ChordService
  private let interval: TimeSpan
  private let console: Console
  private var random = SystemRandomNumberGenerator()

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

  private func look() {
    let key = Identifier(
      high: UInt32(truncatingIfNeeded: random.next()), middle: random.next(), low: random.next())
    let start = Reactor.clock
    service.lookUp(key) { [weak self] outcome in
      guard let self else { return }
      let time = Reactor.clock - start
      guard let owner = outcome.owner, owner.endpoint != service.ownEndpoint else {
        return tell(key, outcome, time, roundTrip: nil)
      }
      let asked = Reactor.clock
      service.ask(owner, .ping) { [weak self] result in
        var roundTrip: TimeSpan?
        if case .success = result { roundTrip = Reactor.clock - asked }
        self?.tell(key, outcome, time, roundTrip: roundTrip)
      }
    }
  }

  private func tell(
    _ key: Identifier, _ outcome: LookupOutcome, _ time: TimeSpan, roundTrip: TimeSpan?
  ) {
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
