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

/// A leecher fed over loopback sockets by seeds of which half send 30 % of their blocks wrong: all
/// of it production code but the wrong bytes.
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
}

private final class PoisonedSwarm {
  static let geometry = PieceGeometry(totalLength: 3_000_000, pieceLength: 64 << 10)!
  static let content: [UInt8] = {
    var generator = SeededGenerator(seed: 1)
    return (0..<geometry.totalLength).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }()
  /// Wrong in every byte.
  static let poison = content.map { ~$0 }

  /// What went out of the seeds and what came of it, in order.
  private enum Entry {
    case sent(seed: Int, Block, isWrong: Bool)
    case failed(PieceIndex)
  }

  /// Appended to by storages, on the loop's thread like everything here.
  private final class Log: Sendable {
    let entries = Mutex<[Entry]>([])
  }

  let leecher: TorrentSession
  /// The odd ones.
  let poisoners: Set<Int>
  private(set) var banned: Set<Int> = []
  private let reactor: Reactor
  private var seeds: [TorrentSession] = []
  private let log = Log()
  private let copy: MemoryStorage

  init(seeds count: Int, seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    Reactor.ignoreBrokenPipes()
    reactor = try Reactor()
    let metainfo = try Self.metainfo()
    let layout = metainfo.info.layout
    copy = try MemoryStorage(layout: layout)
    poisoners = Set((0..<count).filter { $0 % 2 == 1 })
    leecher = try TorrentSession(
      SessionConfiguration(listen: Endpoint(.v4(0x7f00_0001), port: 0)), on: reactor)
    try leecher.listen()

    let base = try MemoryStorage(layout: layout)
    try Self.content.withUnsafeBytes { try base.write($0, at: 0) }
    let poison = try MemoryStorage(layout: layout)
    try Self.poison.withUnsafeBytes { try poison.write($0, at: 0) }
    for number in 0..<count {
      try addSeed(
        number, metainfo, base, poison: poison, perHundred: poisoners.contains(number) ? 30 : 0,
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

  private static func metainfo() throws -> Metainfo {
    let layout = try FileLayout(
      name: "content", isSingleFile: true, files: [(["content"], geometry.totalLength)])
    let builder = MetainfoBuilder(layout: layout, pieceLength: UInt64(geometry.pieceLength))
    let hashes = (0..<geometry.pieceCount).map { number in
      let start = Int(geometry.offset(of: PieceIndex(number)))
      return SHA1.hash(content[start...].prefix(Int(geometry.pieceLength)))
    }
    return try Metainfo(builder.document(hashes: hashes))
  }

  /// Each seed has an address of its own, 127.0.0.2 and on.
  private func addSeed(
    _ number: Int, _ metainfo: Metainfo, _ base: MemoryStorage, poison: MemoryStorage,
    perHundred: Int, seed: UInt64
  ) throws {
    let session = try TorrentSession(
      SessionConfiguration(listen: Endpoint(.v4(0x7f00_0002 + UInt32(number)), port: 0)),
      on: reactor)
    try session.listen()
    var options = TorrentOptions(folder: "/nowhere")
    let log = log
    options.storage = PoisonedStorage(base, poison: poison, perHundred: perHundred, seed: seed) {
      offset, isWrong in
      let length = UInt64(Self.geometry.pieceLength)
      let block = Self.geometry.block(
        Int(offset % length / UInt64(Self.geometry.blockLength)),
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
    case .swarm(.peerBanned(let endpoint, _, _)):
      guard case .v4(let word) = endpoint.address else { return }
      banned.insert(Int(word) - 0x7f00_0002)
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
      }
    }
    return found
  }
}
