import DeterministicCore
import Foundation
import Testing

/// A tracker that is killed again and again, at any moment, while peers announce.
///
/// Against a model of what was answered: everything that was there before the last file but one was
/// written is known again, nothing is known that never was, and no download is counted twice.
/// SHOAL_KILLS is the number of kills.
@Suite(.serialized) struct TrackerKillTests {
  private static let kills =
    ProcessInfo.processInfo.environment["SHOAL_KILLS"].flatMap { Int($0) } ?? 3
  private static let words =
    ["tracker", "--open", "--data", "state", "--json", "--save-every", "1s"]
    + TransferFixture.listen
  private static let torrents = 3

  /// What the tracker has been told and has acknowledged.
  private struct Told {
    var peers = 0
    var completed = [Int](repeating: 0, count: torrents)
  }

  /// The model, and the tracker's port while it runs.
  private struct Bench {
    let folder: URL
    var random: SeededGenerator
    var told = Told()
    /// What is on disk for certain.
    var certain = Told()
    /// What had been told when the file was last seen to change.
    private var toldAtChange = Told()
    private var file: (inode: UInt64, time: Date)?
    var peers: [(torrent: Int, isComplete: Bool)] = []

    init(folder: URL, seed: UInt64) {
      self.folder = folder
      random = SeededGenerator(seed: seed)
    }

    /// A file seen for the first time was begun after the one before had been seen, or later.
    mutating func look() {
      let path = folder.appendingPathComponent("state/swarms").path
      guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
        let inode = attributes[.systemFileNumber] as? UInt64,
        let time = attributes[.modificationDate] as? Date
      else { return }
      guard let known = file, known.inode != inode || known.time != time else {
        if file == nil { file = (inode, time) }
        return
      }
      file = (inode, time)
      certain = toldAtChange
      toldAtChange = told
    }

    /// What a peer that the tracker has forgotten says it completed is not counted again.
    mutating func lower(_ torrent: Int, to downloaded: Int) {
      told.completed[torrent] = downloaded
      certain.completed[torrent] = min(certain.completed[torrent], downloaded)
      toldAtChange.completed[torrent] = min(toldAtChange.completed[torrent], downloaded)
    }

    /// A new peer comes, or one that is here completes.
    mutating func announce(to port: UInt16) throws {
      let waiting = peers.indices.filter { !peers[$0].isComplete }
      if waiting.isEmpty || random.below(2) == 0 {
        let torrent = random.below(TrackerKillTests.torrents)
        peers.append((torrent, false))
        try TrackerKillTests.announce(peers.count - 1, of: torrent, "started", to: port)
        told.peers += 1
      } else {
        let peer = waiting[random.below(waiting.count)]
        peers[peer].isComplete = true
        try TrackerKillTests.announce(peer, of: peers[peer].torrent, "completed", to: port)
        told.completed[peers[peer].torrent] += 1
      }
    }
  }

  @Test func `a kill costs what came after the last file, and counts nothing twice`() throws {
    let seed = UInt64.random(in: 0...999_999)
    try ShoalBinary.withFolder { folder in
      var bench = Bench(folder: folder, seed: seed)
      for kill in 0..<Self.kills {
        try RunningShoal.with(Self.words, in: folder) { tracker in
          let port = try port(of: tracker)
          try expectState(&bench, port, "seed \(seed), kill \(kill)")
          let end = Date(timeIntervalSinceNow: 1.1 + Double(bench.random.below(1500)) / 1000)
          while Date() < end {
            try bench.announce(to: port)
            bench.look()
            usleep(2_000)
          }
          tracker.signal(SIGKILL)
          #expect(try tracker.end().exitCode == -1)
        }
      }
      try RunningShoal.with(Self.words, in: folder) { tracker in
        try expectState(&bench, try port(of: tracker), "seed \(seed), at the end")
        tracker.signal(SIGTERM)
        #expect(try tracker.end().exitCode == 0)
      }
      #expect(bench.certain.peers > 0, "nothing was ever kept for certain")
      let names = try FileManager.default.contentsOfDirectory(
        atPath: folder.appendingPathComponent("state").path)
      #expect(Set(names) == ["swarms", "swarms.previous"])
    }
  }

  /// Holds a tracker that has just started to the model, then tells it all that it lacks.
  private func expectState(_ bench: inout Bench, _ port: UInt16, _ comment: Comment) throws {
    var known = 0
    for torrent in 0..<Self.torrents {
      let counts = try scrape(torrent, port)
      known += counts.peers
      #expect(counts.downloaded >= bench.certain.completed[torrent], comment)
      #expect(counts.downloaded <= bench.told.completed[torrent], comment)
    }
    #expect(known >= bench.certain.peers && known <= bench.told.peers, comment)
    for (number, peer) in bench.peers.enumerated() {
      try Self.announce(
        number, of: peer.torrent, peer.isComplete ? "completed" : "started", to: port)
    }
    known = 0
    for torrent in 0..<Self.torrents {
      let counts = try scrape(torrent, port)
      known += counts.peers
      let completed = bench.peers.count { $0.torrent == torrent && $0.isComplete }
      #expect(counts.downloaded <= completed, comment)
      bench.lower(torrent, to: counts.downloaded)
    }
    #expect(known == bench.peers.count, comment)
    bench.told.peers = known
  }

  @Test(arguments: 0..<33) func `a tracker starts with the file before where the last is torn`(
    tear: Int
  ) throws {
    try ShoalBinary.withFolder { folder in
      let state = folder.appendingPathComponent("state")
      for round in 0..<2 {
        try RunningShoal.with(Self.words, in: folder) { tracker in
          let port = try port(of: tracker)
          try Self.announce(round, of: 0, "started", to: port)
          tracker.signal(SIGTERM)
          #expect(try tracker.end().exitCode == 0)
        }
      }
      for name in tear == 32 ? ["swarms", "swarms.previous"] : ["swarms"] {
        let file = state.appendingPathComponent(name)
        var bytes = try Data(contentsOf: file)
        let place = tear * (bytes.count - 1) / 32
        if tear % 2 == 0 { bytes.count = place } else { bytes[place] ^= 1 }
        try bytes.write(to: file)
      }
      try RunningShoal.with(Self.words, in: folder) { tracker in
        let port = try port(of: tracker)
        #expect(try scrape(0, port).peers == (tear == 32 ? 0 : 1))
        tracker.signal(SIGTERM)
        let result = try tracker.end()
        #expect(result.exitCode == 0)
        #expect(result.errors.contains("the swarms as last written are lost: "))
        #expect(result.errors.contains("it is damaged"), "\(result.errors)")
      }
    }
  }

  // MARK: Requests

  private func port(of tracker: RunningShoal) throws -> UInt16 {
    try PlainHTTP.port(in: try #require(tracker.event("started")["listen"] as? [String])[0])
  }

  private static func infoHash(_ torrent: Int) -> String {
    String(repeating: "%\(String(torrent + 16, radix: 16))", count: 20)
  }

  private static func announce(
    _ peer: Int, of torrent: Int, _ event: String, to port: UInt16
  ) throws {
    let id = String(repeating: "0", count: 20 - "\(peer)".count) + "\(peer)"
    let reply = try PlainHTTP.send(
      "/announce?info_hash=\(infoHash(torrent))&peer_id=\(id)&port=\(1 + peer)&numwant=0"
        + "&event=\(event)&left=\(event == "completed" ? 0 : 1)", port: port)
    #expect(reply.text.contains("8:interval"), "\(reply.text)")
  }

  private func scrape(_ torrent: Int, _ port: UInt16) throws -> (peers: Int, downloaded: Int) {
    let text = try PlainHTTP.send("/scrape?info_hash=\(Self.infoHash(torrent))", port: port).text
    func number(_ key: String) -> Int {
      text.range(of: "\(key.count):\(key)i").flatMap { found in
        Int(text[found.upperBound...].prefix { $0.isNumber })
      } ?? 0
    }
    return (number("complete") + number("incomplete"), number("downloaded"))
  }
}
