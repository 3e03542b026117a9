import Hashing
public import TorrentModel

/// The pieces a newcomer may have while it is choked (BEP 6, "Allowed Fast Set Generation"): both
/// ends compute the same set from the newcomer's address, so it cannot be widened by reconnecting.
public enum AllowedFast {
  /// Pieces granted; BEP 6 suggests ten.
  public static let count = 10

  /// - Returns: nothing for IPv6, for which BEP 6 defines no set.
  public static func pieces(
    for address: Address, infoHash: InfoHash, pieceCount: Int
  ) -> [PieceIndex] {
    guard case .v4(let word) = address, pieceCount > 0 else { return [] }
    let network = word & 0xffff_ff00
    var seed = Address.v4(network).bytes + infoHash.bytes
    var pieces: [PieceIndex] = []
    let wanted = min(count, pieceCount)
    while pieces.count < wanted {
      seed = SHA1.hash(seed).bytes
      for start in stride(from: 0, to: 20, by: 4) where pieces.count < wanted {
        let number = seed[start..<start + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let piece = PieceIndex(number: number % UInt32(pieceCount))
        if !pieces.contains(piece) { pieces.append(piece) }
      }
    }
    return pieces
  }
}
