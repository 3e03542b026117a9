import DeterministicCore
import Hashing
import TorrentModel

/// Finds out who spoiled a piece that several peers sent (the idea of libtorrent's `smart_ban`).
///
/// Of a copy that failed its hash, the sender and a digest of each block are kept as evidence. When
/// a later copy is right, every block of the evidence that differs from it convicts its sender; and
/// before that, a sender of two different versions of one block, since one of them is false.
///
/// The invariants: nobody is convicted but the sender of a false block; everybody is whose false
/// block the evidence holds when the right copy comes. The evidence is bounded: beyond
/// `mostVersions` that of the piece that failed first goes, and with it the suspicion, not the
/// doubt about anybody else.
struct SmartBan: Sendable {
  private struct Version {
    let sender: Endpoint
    let digest: Bytes20
  }

  /// Versions of blocks kept: eight copies of the longest piece there is, in a few MiB.
  static let mostVersions = 1 << 16

  /// Of each piece, by the numbers of its blocks, what was sent in copies that failed.
  private var evidence: [PieceIndex: [[Version]]] = [:]
  /// The pieces of the evidence by their first failure.
  private var order = Queue<PieceIndex>()
  private(set) var versionCount = 0

  /// Whether a copy of the piece failed and its evidence is here.
  func isSuspect(_ piece: PieceIndex) -> Bool { evidence[piece] != nil }

  /// Takes a copy that failed into evidence.
  ///
  /// - Parameters:
  ///   - senders: who sent each block; nil where it is not known.
  ///   - digests: of each block.
  /// - Returns: the senders that sent one block in two versions, each once.
  mutating func noteFailure(
    of piece: PieceIndex, senders: [Endpoint?], digests: [Bytes20]
  ) -> [Endpoint] {
    guard senders.count == digests.count else { return [] }
    if evidence[piece] == nil { order.append(piece) }
    var blocks = evidence.removeValue(forKey: piece) ?? Array(repeating: [], count: digests.count)
    var convicted: [Endpoint] = []
    for (number, sender) in senders.enumerated() {
      guard let sender else { continue }
      let subject = PeerReputation.subject(of: sender)
      let own = blocks[number].filter { PeerReputation.subject(of: $0.sender) == subject }
      if own.contains(where: { $0.digest != digests[number] }) { convicted.addOnce(sender) }
      guard !own.contains(where: { $0.digest == digests[number] }) else { continue }
      blocks[number].append(Version(sender: sender, digest: digests[number]))
      versionCount += 1
    }
    evidence[piece] = blocks
    while versionCount > Self.mostVersions, let oldest = order.first { drop(oldest) }
    return convicted
  }

  /// Compares a copy that is right with the evidence, which is dropped.
  ///
  /// - Parameter digests: of each block of the right copy.
  /// - Returns: the senders of blocks that differ, each once, in the order of their blocks.
  mutating func noteSuccess(of piece: PieceIndex, digests: [Bytes20]) -> [Endpoint] {
    guard let blocks = drop(piece), blocks.count == digests.count else { return [] }
    var convicted: [Endpoint] = []
    for (versions, digest) in zip(blocks, digests) {
      for version in versions where version.digest != digest { convicted.addOnce(version.sender) }
    }
    return convicted
  }

  @discardableResult
  private mutating func drop(_ piece: PieceIndex) -> [[Version]]? {
    guard let blocks = evidence.removeValue(forKey: piece) else { return nil }
    if let place = order.firstIndex(where: { $0 == piece }) { order.remove(at: place) }
    versionCount -= blocks.reduce(0) { $0 + $1.count }
    return blocks
  }
}

extension [Endpoint] {
  fileprivate mutating func addOnce(_ endpoint: Endpoint) {
    if !contains(endpoint) { append(endpoint) }
  }
}
