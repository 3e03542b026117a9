import Bencoding
import ChordWire
import DeterministicCore
import Networking
import Storage
import TorrentModel

/// The nodes of a ring that a run knew, for the next to begin with: one small file for each ring.
///
/// A cache: what it names is tried, and a file that is lost or damaged costs a look at the nodes
/// named elsewhere.
struct RingMemory: Sendable {
  let path: String
  private let ring: RingName

  /// Contacts kept.
  static let most = 64
  private static let longest = 8 << 10

  /// - Parameter folder: made when the file is first written.
  init(of ring: RingName, in folder: String) {
    self.ring = ring
    path = "\(folder)/\(ring)"
  }

  /// The endpoints of an earlier run, or none.
  func read() -> [Endpoint] {
    guard let bytes = try? WholeFile.read(at: path, atMost: Self.longest),
      let value = try? BencodeDecoder().decode(bytes), value["ring"]?.text == ring.description,
      let list = value["nodes"]?.list
    else { return [] }
    return list.prefix(Self.most).compactMap { item in
      item.string.flatMap { Endpoint(compact: $0) }.flatMap { $0.isDialable ? $0 : nil }
    }
  }

  /// Waits for the disk. Several processes may write: the last one's word stands.
  func write(_ endpoints: [Endpoint]) throws(StorageError) {
    try WholeFile.makeFolder(of: path)
    let nodes = endpoints.prefix(Self.most).map { BencodeValue.string($0.compact) }
    let value = BencodeValue.dictionary([
      ("nodes", .list(nodes)), ("ring", .string(ring.description)),
    ])
    try WholeFile.write(BencodeEncoder.encode(value), to: path, mode: 0o600)
  }
}

extension ChordService {
  private static let keepingInterval = TimeSpan.minutes(5)

  private var memory: RingMemory? {
    session.configuration.ringMemory.map { RingMemory(of: name, in: $0) }
  }

  /// The nodes of the last run. Reads the disk: once, before the ring is entered.
  func readMemory() -> [Endpoint] { memory?.read() ?? [] }

  /// Writes the nodes known, now and then.
  func scheduleKeeping() {
    guard memory != nil else { return }
    keepingTimer = reactor.schedule(after: Self.keepingInterval) { [weak self] in
      self?.keep()
      self?.scheduleKeeping()
    }
  }

  /// Those met in this run, and behind them those that there is still room for.
  private var worthKeeping: [Endpoint] {
    let met = acquaintances(most: RingMemory.most).map(\.endpoint)
    return met.isEmpty ? [] : met + entrances.filter { !met.contains($0) }
  }

  private func keep() {
    let endpoints = worthKeeping
    guard let memory, !endpoints.isEmpty else { return }
    let (mailbox, name) = (session.mailbox!, name)
    session.workers.run {
      do throws(StorageError) {
        try memory.write(endpoints)
      } catch {
        mailbox.send(.ringUnkept(name, error))
      }
    }
  }

  /// Writes them for the last time. Waits for the disk.
  func keepLast() {
    let endpoints = worthKeeping
    guard let memory, !endpoints.isEmpty else { return }
    do { try memory.write(endpoints) } catch { report(.unkept("\(error)")) }
  }
}
