import DeterministicCore
import Glibc
import Testing
import TorrentModel
import TrackerLogic
import TrackerWire

/// Bytes of this process that are in memory.
private func residentBytes() -> Int {
  guard let file = fopen("/proc/self/statm", "r") else { return 0 }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 128)
  guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
  let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8($0) }, as: UTF8.self)
  let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  return pages * Int(getpagesize())
}

@Suite struct TrackerMemory {
  /// Peers for each torrent: from many small swarms to one large one. Each is measured in a process
  /// of its own, where nothing else takes memory.
  @Test(arguments: [5, 50, 100_000])
  func `a peer costs at most a hundred bytes, its share of the torrent included`(
    perTorrent: Int
  ) async {
    await #expect(processExitsWith: .success) { [perTorrent] in
      let peers = 100_000
      let now = Moment.zero + .seconds(1)
      var generator = SeededGenerator(seed: 3)
      let before = residentBytes()
      var tracker = Tracker(admission: .everything, seed: 1, secret: TrackerSecret(1, 2))
      for number in 0..<peers {
        let torrent = number % (peers / perTorrent)
        let name = (0..<20).map { UInt8(truncatingIfNeeded: torrent >> ($0 % 4 * 8)) }
        var request = AnnounceRequest(
          infoHash: InfoHash(bytes: name)!, peerID: .random(using: &generator), port: 6881,
          left: UInt64(generator.below(2)))
        request.numWant = 0
        let source = Address.v4(0x0b00_0000 + UInt32(number))
        _ = tracker.handle(request, from: source, at: now)
      }
      let bytes = Double(residentBytes() - before) / Double(peers)
      #expect(tracker.peerCount == peers)
      #expect(bytes <= 100, "\(bytes) bytes for each peer, \(perTorrent) to a torrent")
      #expect(bytes > 30, "\(bytes) bytes for each peer cannot be the truth")
    }
  }
}
