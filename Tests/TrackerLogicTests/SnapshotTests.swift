import DeterministicCore
import Testing
import TorrentModel
import TrackerLogic
import TrackerWire

private func infoHash(_ number: Int) -> InfoHash {
  InfoHash(bytes: [UInt8](repeating: UInt8(number), count: 20))!
}

private func empty(_ admission: Tracker.Admission = .everything) -> Tracker {
  Tracker(admission: admission, seed: 1, secret: TrackerSecret(5, 6))
}

/// A tracker with peers of both families, all sections and several ages.
private func filled(at start: Moment) -> Tracker {
  var tracker = empty()
  var generator = SeededGenerator(seed: 12)
  for number in 0..<200 {
    var request = AnnounceRequest(
      infoHash: infoHash(number % 5), peerID: .random(using: &generator),
      port: UInt16(1000 + number), left: UInt64(number % 3))
    request.event = number % 3 == 1 ? .paused : .started
    let address: Address =
      number % 2 == 0
      ? .v4(0x0b00_0000 + UInt32(number)) : .v6(high: 0x2a00 << 48, low: UInt64(number))
    _ = tracker.handle(request, from: address, at: start + .seconds(number))
    if number % 3 == 2 {
      request.event = .completed
      request.left = 0
      _ = tracker.handle(request, from: address, at: start + .seconds(number))
    }
  }
  return tracker
}

private func counts(_ tracker: borrowing Tracker) -> [ScrapeStatistics?] {
  (0..<5).map { tracker.statistics(of: infoHash($0)) }
}

@Suite struct Snapshots {
  let start = Moment.zero + .seconds(5000)
  let end = Moment.zero + .seconds(5200)

  @Test func `a restart forgets nobody`() throws {
    let tracker = filled(at: start)
    let bytes = tracker.snapshot(at: end, wallClock: 1_000_000)
    var restored = empty()
    // The new run's clock begins elsewhere, even before the old run's ages.
    let count = try restored.restore(bytes, at: Moment.zero + .seconds(7), wallClock: 1_000_060)
    #expect(tracker.peerCount == 200)
    #expect(count == 200)
    #expect(restored.torrentCount == 5)
    #expect(counts(restored) == counts(tracker))
    #expect(counts(tracker).compactMap(\.?.downloaded).reduce(0, +) > 0)
    let again = restored.snapshot(at: Moment.zero + .seconds(7), wallClock: 1_000_000)
    #expect(again.count == bytes.count)
  }

  @Test func `a download counted before is not counted again`() throws {
    let tracker = filled(at: start)
    var restored = empty()
    try restored.restore(tracker.snapshot(at: end, wallClock: 0), at: end, wallClock: 0)
    let before = counts(tracker).map(\.?.downloaded)
    var request = AnnounceRequest(
      infoHash: infoHash(2), peerID: PeerID(bytes: [UInt8](repeating: 1, count: 20))!,
      port: 1002, left: 5)
    for (left, event) in [(5, AnnounceEvent.started), (0, .completed)] {
      request.left = UInt64(left)
      request.event = event
      _ = restored.handle(request, from: .v4(0x0b00_0002), at: end)
    }
    #expect(counts(restored).map(\.?.downloaded) == before)
  }

  @Test func `who was silent for too long stays away`() throws {
    let tracker = filled(at: start)
    let bytes = tracker.snapshot(at: end, wallClock: 0)
    // Of ages 1 to 200 s, those up to 100 s are still within 65 minutes.
    var restored = empty()
    #expect(try restored.restore(bytes, at: end, wallClock: 65 * 60 - 100) == 100)
    var tooLate = empty()
    #expect(try tooLate.restore(bytes, at: end, wallClock: 1 << 40) == 0)
    #expect(tooLate.torrentCount == 0)
  }

  @Test func `only registered torrents come back where that is the rule`() throws {
    let bytes = filled(at: start).snapshot(at: end, wallClock: 0)
    var restored = empty(.registered)
    restored.register(infoHash(3))
    #expect(try restored.restore(bytes, at: end, wallClock: 0) == 40)
    #expect(restored.torrentCount == 1)
  }

  @Test func `damaged snapshots are refused or read, and never trap`() throws {
    let bytes = filled(at: start).snapshot(at: end, wallClock: 0)
    for length in stride(from: 0, to: bytes.count, by: 37) {
      var tracker = empty()
      #expect(throws: SnapshotError.self) {
        try tracker.restore(Array(bytes[..<length]), at: end, wallClock: 0)
      }
    }
    var tracker = empty()
    #expect(throws: SnapshotError.trailingBytes(at: bytes.count)) {
      try tracker.restore(bytes + [0], at: end, wallClock: 0)
    }
    for seed in UInt64(0)..<300 {
      var generator = SeededGenerator(seed: seed)
      var damaged = bytes
      for _ in 0...generator.below(3) {
        damaged[generator.below(damaged.count)] = UInt8(generator.below(256))
      }
      var tracker = empty()
      _ = try? tracker.restore(damaged, at: end, wallClock: 0)
      #expect(tracker.peerCount <= 200, "seed \(seed)")
      var total = 0
      for case let counts? in counts(tracker) { total += counts.complete + counts.incomplete }
      #expect(total <= tracker.peerCount, "seed \(seed)")
    }
  }
}
