import DeterministicCore
import Foundation
import Networking
import Session
import Storage
import Testing
import TorrentModel

/// A disk that refuses in the middle of a download.
@Suite struct DiskFaultTests {
  private static let length = 200_000
  private static let pieceCount = 13

  /// A pair of which the leecher's storage fails as told.
  private func pair(
    failing faults: [FaultyStorage.Fault]
  ) throws -> (Pair, FaultyStorage, Data) {
    let pair = try Pair { configuration in
      configuration.firstKeeping = .milliseconds(1)
      configuration.keepingInterval = .milliseconds(1)
      configuration.firstDiskRetry = .milliseconds(5)
    }
    let (metainfo, bytes) = try pair.payload(Self.length)
    let base = try FileStorage(
      folder: pair.folder.appending(path: "leech").path, layout: metainfo.info.layout,
      access: .readWrite())
    let storage = FaultyStorage(base, failing: faults)
    pair.start(metainfo, by: .metainfo(metainfo), storage: storage)
    return (pair, storage, bytes)
  }

  private func phases(_ pair: Pair) -> [TorrentPhase] {
    pair.events.compactMap { entry in
      if case .phase(let phase) = entry.event, !entry.isSeeder { phase } else { nil }
    }
  }

  /// Each call of each kind that a download makes, by its number.
  private static let everyCall: [(FaultyStorage.Call, Int)] =
    (1...2).map { (.prepare, $0) } + (1...pieceCount + 1).map { (.write, $0) }
    + (1...4).map { (.sync, $0) } + (1...pieceCount + 1).map { (.presence, $0) }

  @Test(arguments: everyCall) func `whichever call fails for once, the download completes`(
    call: FaultyStorage.Call, number: Int
  ) throws {
    for code in [ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM] {
      let (pair, storage, bytes) = try pair(failing: [.init(call, number, .system(code))])
      #expect(
        try pair.run { pair.leecher.torrents[0].phase == .seeding }, "\(call) \(number) \(code)")
      #expect(pair.copy == bytes)
      // What was fetched is not fetched again: the piece waits in memory.
      #expect(pair.leecher.torrents[0].snapshot.downloaded == UInt64(Self.length))
      let hasFailed = storage.count(of: call) >= number && call != .sync
      let hasWaited = phases(pair).contains { if case .waiting = $0 { true } else { false } }
      #expect(hasWaited == hasFailed, "\(call) \(number)")
    }
  }

  @Test func `a disk that is full for a while is waited for`() throws {
    let (pair, storage, bytes) = try pair(failing: [.init(.write, 4...20, .system(ENOSPC))])
    #expect(try pair.run { pair.leecher.torrents[0].phase == .seeding })
    #expect(pair.copy == bytes)
    #expect(storage.count(of: .write) > 20)
    #expect(pair.leecher.torrents[0].snapshot.downloaded == UInt64(Self.length))
  }

  @Test func `what is here is served while the disk is full`() throws {
    let (pair, _, bytes) = try pair(failing: [.init(.write, 8...100_000, .system(ENOSPC))])
    let leecher = pair.leecher.torrents[0]
    #expect(
      try pair.run {
        if case .waiting = leecher.phase { leecher.snapshot.bytesDone >= 6 << 14 } else { false }
      })
    // A third peer, which knows the leecher only.
    var options = TorrentOptions(folder: pair.folder.appending(path: "third").path)
    options.peers = pair.leecher.listeningOn.map { MagnetLink.PeerHint($0) }
    let third = try TorrentSession(
      SessionConfiguration(listen: Endpoint(.v4(0x7f00_0001), port: 0)), on: pair.reactor)
    defer { third.shutDown() }
    let runner = third.add(leecher.source, options)
    #expect(
      try pair.run { runner.phase == .downloading && runner.snapshot.bytesDone >= 6 << 14 })
    let copy = try Data(contentsOf: pair.folder.appending(path: "third/payload.bin"))
    let matches = copy.indices.count { copy[$0] == bytes[$0] }
    #expect(matches >= 6 << 14)
  }

  @Test func `another torrent of the session is unharmed`() throws {
    let (pair, _, _) = try pair(failing: [.init(.write, 1...100_000, .system(ENOSPC))])
    let file = pair.folder.appending(path: "seed/other.bin")
    let bytes = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    try bytes.write(to: file)
    let content = try MetainfoCreator(path: file.path, pieceLength: 16 << 10)
    let other = try Metainfo(content.builder.document(hashes: try content.hash()))
    var seeding = TorrentOptions(folder: pair.folder.appending(path: "seed").path)
    seeding.isReadOnly = true
    pair.seeder.add(.metainfo(other), seeding)
    var leeching = TorrentOptions(folder: pair.folder.appending(path: "leech").path)
    leeching.peers = pair.seeder.listeningOn.map { MagnetLink.PeerHint($0) }
    let runner = pair.leecher.add(.metainfo(other), leeching)
    #expect(try pair.run { runner.isFinished })
    #expect(try Data(contentsOf: pair.folder.appending(path: "leech/other.bin")) == bytes)
    #expect(!pair.leecher.torrents[0].isFinished)
  }

  @Test(arguments: [EROFS, EACCES]) func `what will not pass ends the torrent`(code: Int32) throws {
    let (pair, storage, _) = try pair(failing: [.init(.write, 3...100_000, .system(code))])
    let hasFailed = try pair.run {
      if case .failed(.storage(let error)) = pair.leecher.torrents[0].phase {
        error.cause == .system(code)
      } else {
        false
      }
    }
    #expect(hasFailed)
    #expect(storage.count(of: .write) <= Self.pieceCount)
  }

  @Test func `a failing disk is tried a few times only`() throws {
    let (pair, _, _) = try pair(failing: [.init(.write, 2...100_000, .system(EIO))])
    let hasFailed = try pair.run {
      if case .failed = pair.leecher.torrents[0].phase { true } else { false }
    }
    #expect(hasFailed)
    #expect(phases(pair).contains { if case .waiting = $0 { true } else { false } })
  }

  @Test func `a failing disk that recovers is forgiven`() throws {
    let (pair, _, bytes) = try pair(failing: [.init(.write, 2...4, .system(EIO))])
    #expect(try pair.run { pair.leecher.torrents[0].phase == .seeding })
    #expect(pair.copy == bytes)
  }

  @Test func `pieces that a sync may have lost are never claimed`() throws {
    let pair = try Pair { configuration in
      configuration.downloadLimit = 1 << 20
      configuration.firstKeeping = .milliseconds(1)
      configuration.keepingInterval = .milliseconds(1)
    }
    let (metainfo, _) = try pair.payload(1_500_000)
    let base = try FileStorage(
      folder: pair.folder.appending(path: "leech").path, layout: metainfo.info.layout,
      access: .readWrite())
    let storage = FaultyStorage(base, failing: .init(.sync, 3, .system(ENOSPC)))
    pair.start(metainfo, by: .metainfo(metainfo), storage: storage)
    let file = ResumeFile(
      in: pair.folder.appending(path: "state").path, of: metainfo.info.infoHash,
      downloadFolder: pair.folder.appending(path: "leech").path)
    var atFailure: Bitfield?
    let came = try pair.run {
      if storage.count(of: .sync) >= 3, atFailure == nil { atFailure = file.read().data?.have }
      return storage.count(of: .sync) >= 8 && pair.leecher.torrents[0].snapshot.bytesDone > 600_000
    }
    #expect(came)
    let claimed = try #require(file.read().data?.have)
    let before = try #require(atFailure)
    for piece in before.pieces { #expect(!claimed[piece]) }
    #expect(!claimed.isEmpty)
  }
}
