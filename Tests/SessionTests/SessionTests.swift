import DeterministicCore
import Foundation
import Networking
import Session
import Storage
import SwarmLogic
import Testing
import TorrentModel

/// Two sessions on one loop and 127.0.0.1: everything is real but the distance.
final class Pair {
  let reactor: Reactor
  let seeder: TorrentSession
  let leecher: TorrentSession
  let folder: URL
  var events: [(isSeeder: Bool, event: TorrentEvent)] = []

  /// Whether the folder, given from outside, is to stay.
  private let keepsFolder: Bool
  private var isOver = false

  /// - Parameters:
  ///   - folder: where the files of an earlier pair are; nil for a new one that goes with the pair.
  ///   - configure: what is different about the leecher.
  ///   - configureSeeder: what is different about the seeder.
  init(
    in folder: URL? = nil,
    configuring configure: (inout SessionConfiguration) -> Void = { _ in },
    configuringSeeder configureSeeder: (inout SessionConfiguration) -> Void = { _ in }
  ) throws {
    Reactor.ignoreBrokenPipes()
    reactor = try Reactor()
    keepsFolder = folder != nil
    self.folder =
      folder
      ?? FileManager.default.temporaryDirectory.appending(
        path: "shoal-session-\(UUID().uuidString)")
    for name in ["seed", "leech"] {
      try FileManager.default.createDirectory(
        at: self.folder.appending(path: name), withIntermediateDirectories: true)
    }
    var configuration = SessionConfiguration(listen: Endpoint(.v4(0x7f00_0001), port: 0))
    var seeding = configuration
    configureSeeder(&seeding)
    seeder = try TorrentSession(seeding, on: reactor)
    configuration.resumeFolder = self.folder.appending(path: "state").path
    configure(&configuration)
    leecher = try TorrentSession(configuration, on: reactor)
    try seeder.listen()
    try leecher.listen()
    seeder.observer = { [weak self] _, event in self?.events.append((true, event)) }
    leecher.observer = { [weak self] _, event in self?.events.append((false, event)) }
  }

  deinit {
    shutDown()
    if !keepsFolder { try? FileManager.default.removeItem(at: folder) }
  }

  func shutDown() {
    guard !isOver else { return }
    isOver = true
    seeder.shutDown()
    leecher.shutDown()
  }

  /// Writes a payload for the seeder and describes it. The bytes follow from the length alone.
  func payload(_ length: Int) throws -> (metainfo: Metainfo, bytes: Data) {
    var generator = SeededGenerator(seed: UInt64(length))
    var bytes = Data(count: length)
    for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: generator.next()) }
    let file = folder.appending(path: "seed/payload.bin")
    try bytes.write(to: file)
    let content = try MetainfoCreator(path: file.path, pieceLength: 16 << 10)
    let document = content.builder.document(hashes: try content.hash())
    return (try Metainfo(document), bytes)
  }

  /// Starts both ends; the leecher is told where the seeder is.
  func start(
    _ metainfo: Metainfo, by source: TorrentSource, trustingData: Bool = false,
    storage: (any PieceStorage)? = nil
  ) {
    var seeding = TorrentOptions(folder: folder.appending(path: "seed").path)
    seeding.isReadOnly = true
    seeding.trustsData = trustingData
    seeder.add(.metainfo(metainfo), seeding)
    var leeching = TorrentOptions(folder: folder.appending(path: "leech").path)
    leeching.peers = seeder.listeningOn.map { MagnetLink.PeerHint($0) }
    leeching.storage = storage
    leecher.add(source, leeching)
  }

  /// Runs the loop until `isDone`, for a limited time. Returns whether it came to that.
  func run(
    atMost span: TimeSpan = .seconds(10), until isDone: @escaping () -> Bool
  ) throws -> Bool {
    var came = false
    let end = Reactor.clock + span
    func look() {
      came = isDone()
      if came || Reactor.clock >= end { return reactor.stop() }
      reactor.schedule(after: .milliseconds(10)) { look() }
    }
    reactor.schedule(after: .zero) { look() }
    try reactor.run()
    return came
  }

  var copy: Data? { try? Data(contentsOf: folder.appending(path: "leech/payload.bin")) }
}

@Suite struct SessionTests {
  @Test func `a torrent goes from one session to the other`() throws {
    let pair = try Pair()
    let (metainfo, bytes) = try pair.payload(1_000_003)
    pair.start(metainfo, by: .metainfo(metainfo))
    #expect(try pair.run { pair.leecher.torrents[0].isFinished })
    #expect(pair.copy == bytes)
    #expect(pair.leecher.torrents[0].snapshot.downloaded == 1_000_003)
    #expect(pair.leecher.torrents[0].snapshot.wasted == 0)
  }

  @Test func `a magnet link is enough`() throws {
    let pair = try Pair()
    let (metainfo, bytes) = try pair.payload(300_000)
    pair.start(metainfo, by: .magnet(MagnetLink(infoHash: metainfo.info.infoHash)))
    #expect(try pair.run { pair.leecher.torrents[0].isFinished })
    #expect(pair.copy == bytes)
    #expect(pair.leecher.torrents[0].name == "payload.bin")
  }

  @Test func `a corrupt piece is not written, and its sole sender is banned`() throws {
    let pair = try Pair()
    let (metainfo, bytes) = try pair.payload(400_000)
    var spoiled = bytes
    spoiled[200_000] ^= 1
    try spoiled.write(to: pair.folder.appending(path: "seed/payload.bin"))
    pair.start(metainfo, by: .metainfo(metainfo), trustingData: true)
    let isBanned = try pair.run {
      pair.events.contains { entry in
        if case .swarm(.peerBanned) = entry.event { !entry.isSeeder } else { false }
      }
    }
    #expect(isBanned)
    #expect(!pair.leecher.torrents[0].isFinished)
    // What was written matches the original, the spoiled piece is a hole still.
    let piece = 200_000 / (16 << 10) * (16 << 10)
    let copy = try #require(pair.copy)
    if copy.count > piece {
      #expect(copy[piece..<min(copy.count, piece + 16 << 10)].allSatisfy { $0 == 0 })
    }
  }

  @Test func `a file cut short while it is served fails its torrent and nothing else`() throws {
    let pair = try Pair()
    let (metainfo, _) = try pair.payload(400_000)
    let file = try FileHandle(forWritingTo: pair.folder.appending(path: "seed/payload.bin"))
    try file.truncate(atOffset: 100)
    try file.close()
    pair.start(metainfo, by: .metainfo(metainfo), trustingData: true)
    let hasFailed = try pair.run {
      if case .failed(.storage) = pair.seeder.torrents[0].phase { true } else { false }
    }
    #expect(hasFailed)
    #expect(!pair.leecher.torrents[0].isFinished)
  }

  @Test func `what is on disk already is not fetched again`() throws {
    let pair = try Pair()
    let (metainfo, bytes) = try pair.payload(500_000)
    var half = bytes
    half.replaceSubrange(250_000..., with: Data(count: bytes.count - 250_000))
    try half.write(to: pair.folder.appending(path: "leech/payload.bin"))
    pair.start(metainfo, by: .metainfo(metainfo))
    #expect(try pair.run { pair.leecher.torrents[0].isFinished })
    #expect(pair.copy == bytes)
    #expect(pair.leecher.torrents[0].snapshot.downloaded < 270_000)
  }

  @Test func `a stranger's info-hash finds nobody`() throws {
    let pair = try Pair()
    let (metainfo, _) = try pair.payload(20_000)
    let stranger = try #require(InfoHash(text: String(repeating: "ab", count: 20)))
    pair.start(metainfo, by: .magnet(MagnetLink(infoHash: stranger)))
    let met = try pair.run(atMost: .seconds(1)) {
      pair.seeder.torrents[0].snapshot.peers > 0 || pair.leecher.torrents[0].snapshot.peers > 0
    }
    #expect(!met)
  }
}
