import DeterministicCore
import Hashing
import Networking
import PeerWire
import Session
import Storage
import SwarmLogic
import Synchronization
import Testing
import TorrentModel

/// A leecher fed over loopback sockets by seeds of which half send blocks wrong: all of it production
/// code but the wrong bytes.
@Suite(.serialized) struct PoisonedSwarmTests {
  @Test(arguments: UInt64(1)...50)
  func `it completes, bans whoever spoiled a piece, and nobody else`(seed: UInt64) throws {
    let swarm = try PoisonedSwarm(seeds: 6, seed: seed)
    let began = Reactor.clock
    try swarm.run(atMost: .seconds(30))
    let took = (Reactor.clock - began).seconds
    #expect(swarm.leecher.torrents[0].isFinished, "seed \(seed): not within \(took) s")
    #expect(try swarm.isCopyRight, "seed \(seed)")
    let honest = swarm.banned.filter { !swarm.poisoners.contains($0) }
    #expect(honest.isEmpty, "seed \(seed): honest seeds \(honest) are banned")
    let spoilers = swarm.spoilers
    #expect(spoilers.isSubset(of: swarm.banned), "seed \(seed): of \(spoilers) \(swarm.banned)")
  }

  /// Of version 1 the second copy of the piece has to come before it tells which block of the first
  /// was false; of version 2 the leaves of the first tell (BEP 52), which are often here sooner where a
  /// piece takes longer than a round trip.
  @Test(arguments: [TorrentVersion.v2, .hybrid])
  func `who sends one false block is known by it, often before the piece is fetched again`(
    version: TorrentVersion
  ) throws {
    var spoilerCount = 0
    var knownByLeaves = 0
    for seed in UInt64(1)...5 {
      let swarm = try PoisonedSwarm(
        seeds: 6, seed: seed, version, pieceLength: 512 << 10, mostWrong: 1,
        downloadLimit: 8 << 20)
      try swarm.run(atMost: .seconds(30))
      #expect(swarm.leecher.torrents[0].isFinished, "seed \(seed)")
      #expect(try swarm.isCopyRight, "seed \(seed)")
      let (spoilers, banned) = (swarm.spoilers, swarm.banned)
      #expect(spoilers.isSubset(of: banned), "seed \(seed): of \(spoilers) \(banned)")
      #expect(banned.isSubset(of: swarm.poisoners), "seed \(seed): \(banned)")
      spoilerCount += spoilers.count
      knownByLeaves += swarm.knownByLeaves.count
    }
    #expect(spoilerCount >= 10)
    #expect(knownByLeaves > 0)
  }
}

private final class PoisonedSwarm {
  static let content: [UInt8] = {
    var generator = SeededGenerator(seed: 1)
    return (0..<3_000_000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }()
  /// Wrong in every byte.
  static let poison = content.map { ~$0 }

  /// What went out of the seeds and what came of it, in order.
  private enum Entry {
    case sent(seed: Int, Block, isWrong: Bool)
    case failed(PieceIndex)
    case verified(PieceIndex)
    case banned(seed: Int)
  }

  /// Appended to by storages, on the loop's thread like everything here.
  private final class Log: Sendable {
    let entries = Mutex<[Entry]>([])
  }

  let leecher: TorrentSession
  let geometry: PieceGeometry
  /// The odd ones.
  let poisoners: Set<Int>
  private(set) var banned: Set<Int> = []
  private let reactor: Reactor
  private var seeds: [TorrentSession] = []
  private let log = Log()
  private let copy: MemoryStorage

  /// - Parameter mostWrong: blocks that a poisoner sends wrong: the first, or 30 of a hundred where
  ///   there is no end.
  init(
    seeds count: Int, seed: UInt64, _ version: TorrentVersion = .v1,
    pieceLength: UInt64 = 64 << 10, mostWrong: Int = .max, downloadLimit: UInt64? = nil
  ) throws {
    var generator = SeededGenerator(seed: seed)
    Reactor.ignoreBrokenPipes()
    reactor = try Reactor()
    let metainfo = try Self.metainfo(version, pieceLength: pieceLength)
    geometry = metainfo.info.geometry
    let layout = metainfo.info.layout
    copy = try MemoryStorage(layout: layout)
    poisoners = Set((0..<count).filter { $0 % 2 == 1 })
    var configuration = SessionConfiguration(listen: Endpoint(.v4(0x7f00_0001), port: 0))
    configuration.downloadLimit = downloadLimit
    leecher = try TorrentSession(configuration, on: reactor)
    try leecher.listen()

    let base = try MemoryStorage(layout: layout)
    try Self.content.withUnsafeBytes { try base.write($0, at: 0) }
    let poison = try MemoryStorage(layout: layout)
    try Self.poison.withUnsafeBytes { try poison.write($0, at: 0) }
    for number in 0..<count {
      let perHundred = !poisoners.contains(number) ? 0 : mostWrong == .max ? 30 : 100
      try addSeed(
        number, metainfo, base, poison: poison, perHundred: perHundred, mostWrong: mostWrong,
        seed: generator.next())
    }

    leecher.observer = { [weak self] _, event in self?.note(event) }
    var options = TorrentOptions(folder: "/nowhere")
    options.storage = copy
    options.peers = seeds.flatMap { $0.listeningOn.map { MagnetLink.PeerHint($0) } }
    leecher.add(.metainfo(metainfo), options)
  }

  deinit {
    leecher.shutDown()
    for session in seeds { session.shutDown() }
  }

  private static func metainfo(
    _ version: TorrentVersion, pieceLength: UInt64
  ) throws -> Metainfo {
    let layout = try FileLayout(
      name: "content", isSingleFile: true,
      listed: [ListedFile(path: ["content"], length: UInt64(content.count))],
      alignment: version == .v2 ? pieceLength : nil)
    let builder = MetainfoBuilder(layout: layout, pieceLength: pieceLength, version: version)
    var lanes = SHA256Lanes()
    let hashes = stride(from: 0, to: content.count, by: Int(pieceLength)).map { start in
      let piece = Array(content[start...].prefix(Int(pieceLength)))
      let blockLength = Int(TreeGeometry.blockLength)
      let leaves = stride(from: 0, to: piece.count, by: blockLength).map {
        SHA256.hash(piece[$0..<min($0 + blockLength, piece.count)])
      }
      let root = MerkleTree.root(
        of: leaves, width: Int(pieceLength) / blockLength, with: &lanes)
      return PieceHashes(sha1: SHA1.hash(piece), root: root)
    }
    return try Metainfo(builder.document(hashes: hashes))
  }

  /// Each seed has an address of its own, 127.0.0.2 and on.
  private func addSeed(
    _ number: Int, _ metainfo: Metainfo, _ base: MemoryStorage, poison: MemoryStorage,
    perHundred: Int, mostWrong: Int, seed: UInt64
  ) throws {
    let session = try TorrentSession(
      SessionConfiguration(listen: Endpoint(.v4(0x7f00_0002 + UInt32(number)), port: 0)),
      on: reactor)
    try session.listen()
    var options = TorrentOptions(folder: "/nowhere")
    let (log, geometry) = (log, geometry)
    options.storage = PoisonedStorage(
      base, poison: poison, perHundred: perHundred, mostWrong: mostWrong, seed: seed
    ) { offset, isWrong in
      let length = UInt64(geometry.pieceLength)
      let block = geometry.block(
        Int(offset % length / UInt64(geometry.blockLength)),
        in: PieceIndex(Int(offset / length)))
      log.entries.withLock { $0.append(.sent(seed: number, block, isWrong: isWrong)) }
    }
    options.isReadOnly = true
    options.trustsData = true
    session.add(.metainfo(metainfo), options)
    seeds.append(session)
  }

  private func note(_ event: TorrentEvent) {
    switch event {
    case .swarm(.pieceFailed(let piece, _)):
      log.entries.withLock { $0.append(.failed(piece)) }
    case .swarm(.pieceVerified(let piece)):
      log.entries.withLock { $0.append(.verified(piece)) }
    case .swarm(.peerBanned(let endpoint, _, _)):
      guard case .v4(let word) = endpoint.address else { return }
      let seed = Int(word) - 0x7f00_0002
      banned.insert(seed)
      log.entries.withLock { $0.append(.banned(seed: seed)) }
    case .swarm(.complete):
      reactor.stop()
    default:
      break
    }
  }

  func run(atMost span: TimeSpan) throws {
    let timer = reactor.schedule(after: span) { [reactor] in reactor.stop() }
    try reactor.run()
    reactor.cancelTimer(timer)
  }

  var isCopyRight: Bool {
    get throws {
      var bytes = [UInt8](repeating: 0, count: Self.content.count)
      try bytes.withUnsafeMutableBytes { try copy.read(into: $0, at: 0) }
      return bytes == Self.content
    }
  }

  /// Whoever surely spoiled a piece that failed and came right in the end, as they all do: it sent
  /// a wrong block that nobody else was asked for, since the piece was begun.
  var spoilers: Set<Int> {
    var found: Set<Int> = []
    var senders: [Block: [(seed: Int, isWrong: Bool)]] = [:]
    for entry in log.entries.withLock({ $0 }) {
      switch entry {
      case .sent(let seed, let block, let isWrong):
        senders[block, default: []].append((seed, isWrong))
      case .failed(let piece):
        for (block, sent) in senders where block.piece == piece {
          if sent.count == 1, sent[0].isWrong { found.insert(sent[0].seed) }
          senders[block] = nil
        }
      case .verified, .banned: break
      }
    }
    return found
  }

  /// Seeds that were banned before the piece that they spoiled had come a second time: when that
  /// comes right, its senders are banned in the same breath.
  var knownByLeaves: Set<Int> {
    var failed: Set<PieceIndex> = []
    var spoiled: [Int: Set<PieceIndex>] = [:]
    var found: Set<Int> = []
    var lately: Set<Int> = []
    for entry in log.entries.withLock({ $0 }) {
      switch entry {
      case .banned(let seed):
        lately.insert(seed)
        continue
      case .verified(let piece):
        found.formUnion(lately.filter { spoiled[$0]?.contains(piece) != true })
      case .sent(let seed, let block, let isWrong):
        if isWrong { spoiled[seed, default: []].insert(block.piece) }
        found.formUnion(lately)
      case .failed(let piece):
        failed.insert(piece)
        found.formUnion(lately)
      }
      lately = []
    }
    return found.filter { !failed.isDisjoint(with: spoiled[$0] ?? []) }
  }
}
