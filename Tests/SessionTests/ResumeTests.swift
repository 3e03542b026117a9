import DeterministicCore
import Foundation
import Networking
import Session
import Storage
import Testing
import TorrentModel

/// Downloads that end before they are complete, and the run that goes on from there.
@Suite struct ResumeTests {
  /// What the leecher of a pair was told about earlier runs.
  private func reports(of pair: Pair) -> [ResumeReport] {
    pair.events.compactMap { entry in
      if case .resume(let report) = entry.event, !entry.isSeeder { report } else { nil }
    }
  }

  private func trustedBytes(_ pair: Pair) -> UInt64? {
    for case .trusted(let bytes) in reports(of: pair) { return bytes }
    return nil
  }

  /// Runs a slow download until some of it is verified, and ends it in good order.
  private func interrupt(
    _ folder: URL, _ source: (Metainfo) -> TorrentSource = { .metainfo($0) },
    configuring: @escaping (inout SessionConfiguration) -> Void = { _ in }
  ) throws -> (bytes: Data, done: UInt64) {
    let pair = try Pair(in: folder) { configuration in
      configuration.downloadLimit = 1 << 20
      configuring(&configuration)
    }
    let (metainfo, bytes) = try pair.payload(1_500_000)
    pair.start(metainfo, by: source(metainfo))
    let runner = pair.leecher.torrents[0]
    // While the disk is checked, what is done is what has been looked at.
    #expect(
      try pair.run { runner.phase == .downloading && runner.snapshot.bytesDone > 400_000 })
    let done = runner.snapshot.bytesDone
    #expect(!pair.leecher.torrents[0].isFinished)
    pair.shutDown()
    return (bytes, done)
  }

  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "shoal-resume-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  private func stateFiles(_ folder: URL) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "state").path))
      ?? []
  }

  @Test func `a limit that is lifted holds nobody up any more`() throws {
    try withFolder { folder in
      let pair = try Pair(in: folder) { $0.downloadLimit = 64 << 10 }
      let (metainfo, bytes) = try pair.payload(1_500_000)
      pair.start(metainfo, by: .metainfo(metainfo))
      let runner = pair.leecher.torrents[0]
      #expect(try pair.run { runner.snapshot.bytesDone > 0 })
      #expect(!runner.isFinished)
      pair.leecher.setLimits(up: nil, down: nil)
      // At the old rate it would take another twenty seconds.
      #expect(try pair.run { runner.isFinished })
      #expect(pair.copy == bytes)
      pair.shutDown()
    }
  }

  @Test func `an interrupted download goes on without reading what is unchanged`() throws {
    try withFolder { folder in
      let (bytes, done) = try interrupt(folder)
      #expect(stateFiles(folder).count == 1)
      let pair = try Pair(in: folder)
      let (metainfo, _) = try pair.payload(1_500_000)
      pair.start(metainfo, by: .metainfo(metainfo))
      #expect(try pair.run { pair.leecher.torrents[0].isFinished })
      #expect(pair.copy == bytes)
      let trusted = try #require(trustedBytes(pair))
      #expect(trusted >= done)
      // All that was fetched, by both runs together, is the torrent and what was under way.
      #expect(pair.leecher.torrents[0].snapshot.downloaded < 1_500_000 + (1 << 20))
      pair.shutDown()
      #expect(stateFiles(folder).isEmpty, "a complete download leaves no state")
    }
  }

  @Test func `a magnet link goes on without the metadata being asked for`() throws {
    try withFolder { folder in
      let (_, done) = try interrupt(folder) {
        .magnet(MagnetLink(infoHash: $0.info.infoHash))
      }
      // Nobody is there to tell the metadata.
      let pair = try Pair(in: folder)
      let (metainfo, _) = try pair.payload(1_500_000)
      let options = TorrentOptions(folder: folder.appending(path: "leech").path)
      let runner = pair.leecher.add(
        .magnet(MagnetLink(infoHash: metainfo.info.infoHash)), options)
      #expect(try pair.run { runner.phase == .downloading })
      #expect(runner.name == "payload.bin")
      #expect(runner.snapshot.bytesDone >= done)
    }
  }

  @Test func `a byte that changed between two runs is found`() throws {
    try withFolder { folder in
      let (bytes, done) = try interrupt(folder)
      let path = folder.appending(path: "leech/payload.bin")
      let spoilt = try FileHandle(forUpdating: path)
      var copy = try Data(contentsOf: path)
      let position = try #require(copy.indices.first { copy[$0] != 0 })
      copy[position] ^= 1
      try spoilt.seek(toOffset: UInt64(position))
      try spoilt.write(contentsOf: copy[position...position])
      try spoilt.close()

      let pair = try Pair(in: folder)
      let (metainfo, _) = try pair.payload(1_500_000)
      pair.start(metainfo, by: .metainfo(metainfo))
      #expect(try pair.run { pair.leecher.torrents[0].isFinished })
      #expect(pair.copy == bytes)
      #expect(trustedBytes(pair) == 0)
      // Read again and found right, but for the piece of that byte.
      #expect(pair.leecher.torrents[0].snapshot.downloaded < 1_500_000 + (1 << 20))
      #expect(done > 0)
    }
  }

  @Test func `a state is written while the download goes on`() throws {
    try withFolder { folder in
      let pair = try Pair(in: folder) { configuration in
        configuration.downloadLimit = 1 << 20
        configuration.firstKeeping = .milliseconds(50)
        configuration.keepingInterval = .milliseconds(50)
      }
      let (metainfo, _) = try pair.payload(1_500_000)
      pair.start(metainfo, by: .metainfo(metainfo))
      let file = ResumeFile(
        in: folder.appending(path: "state").path, of: metainfo.info.infoHash,
        downloadFolder: folder.appending(path: "leech").path)
      let came = try pair.run { (file.read().data?.have.setCount ?? 0) > 20 }
      #expect(came)
      #expect(file.read().trouble == nil)
      #expect(stateFiles(folder).count == 2, "the generation before is kept")
      let state = try #require(file.read().data)
      #expect(state.downloaded > 0)
      #expect(state.peers == pair.seeder.listeningOn)
    }
  }

  @Test func `a torn state is told of, and everything is checked`() throws {
    try withFolder { folder in
      let (bytes, _) = try interrupt(folder)
      for name in stateFiles(folder) {
        try Data("torn".utf8).write(to: folder.appending(path: "state/\(name)"))
      }
      let pair = try Pair(in: folder)
      let (metainfo, _) = try pair.payload(1_500_000)
      pair.start(metainfo, by: .metainfo(metainfo))
      #expect(try pair.run { pair.leecher.torrents[0].isFinished })
      #expect(pair.copy == bytes)
      let damages = reports(of: pair).compactMap { report in
        if case .damaged(let trouble) = report { trouble } else { nil }
      }
      #expect(damages.count == 1)
      #expect(damages.first?.contains("what is on the disk is checked instead") == true)
      #expect(pair.leecher.torrents[0].snapshot.downloaded < 1_200_000)
    }
  }

  @Test func `without a usable state folder a download goes on all the same`() throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data().write(to: folder.appending(path: "state"))
      let (bytes, done) = try interrupt(
        folder,
        configuring: { configuration in
          configuration.firstKeeping = .milliseconds(10)
          configuration.keepingInterval = .milliseconds(10)
        })
      let pair = try Pair(in: folder)
      let (metainfo, _) = try pair.payload(1_500_000)
      pair.start(metainfo, by: .metainfo(metainfo))
      #expect(try pair.run { pair.leecher.torrents[0].isFinished })
      #expect(pair.copy == bytes)
      #expect(pair.leecher.torrents[0].snapshot.downloaded <= 1_500_000 - done)
    }
  }
}
