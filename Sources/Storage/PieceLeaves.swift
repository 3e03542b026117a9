public import Hashing
public import TorrentModel

/// The leaves of hash trees as the bytes in a storage give them (BEP 52).
public enum PieceLeaves {
  /// Bytes of a read: whole blocks.
  private static let chunkLength = 256 << 10

  /// The digests of a piece's blocks. Waits for the disk.
  public static func read(
    _ piece: PieceIndex, _ geometry: PieceGeometry, from storage: any PieceStorage
  ) throws(StorageError) -> [Bytes32] {
    let length = Int(geometry.length(of: piece))
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: min(chunkLength, length), alignment: 64)
    defer { memory.deallocate() }
    var lanes = SHA256Lanes()
    var leaves: [Bytes32] = []
    for start in stride(from: 0, to: length, by: chunkLength) {
      let part = UnsafeMutableRawBufferPointer(
        rebasing: memory[..<min(chunkLength, length - start)])
      try storage.read(into: part, at: geometry.offset(of: piece) + UInt64(start))
      leaves += lanes.hashBlocks(of: UnsafeRawBufferPointer(part))
    }
    return leaves
  }
}
