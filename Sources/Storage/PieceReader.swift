import Hashing
import TorrentModel

/// One thread's means to hash pieces from a storage: memory for a chunk of each lane, and digests.
///
/// The invariant: between two calls the digests are fresh, whatever became of the last one.
struct PieceReader: ~Copyable {
  private let storage: any PieceStorage
  private let geometry: PieceGeometry
  private let cancellation: Cancellation
  private var lanes = SHA1Lanes()
  private let memory: UnsafeMutableRawBufferPointer
  /// The hash of as many zeros, which a piece that was never written consists of.
  private var zeros: (length: UInt32, hash: Bytes20)?

  /// Bytes of a read: a chunk for each lane fits the second-level cache together.
  private static let chunkLength = 64 << 10

  init(storage: any PieceStorage, geometry: PieceGeometry, cancellation: Cancellation) {
    self.storage = storage
    self.geometry = geometry
    self.cancellation = cancellation
    memory = .allocate(byteCount: SHA1Lanes.width * Self.chunkLength, alignment: 4096)
  }

  deinit { memory.deallocate() }

  /// Hashes up to `SHA1Lanes.width` pieces of one length.
  ///
  /// - Throws: for the first of them that cannot be read; none of them is found then.
  mutating func hash(
    _ pieces: some Collection<PieceIndex>, _ found: (PieceIndex, Bytes20) -> Void
  ) throws(StorageError) {
    var present: [PieceIndex] = []
    var holes: [PieceIndex] = []
    for piece in pieces {
      // Here, too: a tree of holes is never read.
      try checkCancellation()
      let offset = geometry.offset(of: piece)
      let length = UInt64(geometry.length(of: piece))
      switch try presence(offset: offset, length: length) {
      case .absent: throw StorageError(.read, path: storage.layout.name, .truncated)
      case .hole: holes.append(piece)
      case .data: present.append(piece)
      }
    }
    let hashes = try readAndHash(present)
    for (piece, hash) in zip(present, hashes) { found(piece, hash) }
    for piece in holes { found(piece, hashOfZeros(geometry.length(of: piece))) }
  }

  private mutating func readAndHash(_ pieces: [PieceIndex]) throws(StorageError) -> [Bytes20] {
    guard let first = pieces.first else { return [] }
    let length = Int(geometry.length(of: first))
    var done = 0
    while true {
      let chunk = min(Self.chunkLength, length - done)
      var parts: [UnsafeRawBufferPointer] = []
      for (lane, piece) in pieces.enumerated() {
        let start = lane * Self.chunkLength
        let part = UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + chunk])
        do throws(StorageError) {
          try checkCancellation()
          try storage.read(into: part, at: geometry.offset(of: piece) + UInt64(done))
        } catch {
          lanes = SHA1Lanes()
          throw error
        }
        parts.append(UnsafeRawBufferPointer(part))
      }
      done += chunk
      guard done < length else { return lanes.finish(parts) }
      lanes.update(parts)
    }
  }

  private func checkCancellation() throws(StorageError) {
    guard !cancellation.isCancelled else {
      throw StorageError(.read, path: storage.layout.name, .cancelled)
    }
  }

  /// Asked only where a piece lies inside one file: a piece over many small files is read sooner
  /// than each of them is asked about.
  private func presence(offset: UInt64, length: UInt64) throws(StorageError) -> DataPresence {
    var isInsideOneFile = false
    storage.layout.forEachSegment(offset: offset, length: length) { segment in
      isInsideOneFile = segment.length == length
      return false
    }
    return isInsideOneFile ? try storage.presence(offset: offset, length: length) : .data
  }

  private mutating func hashOfZeros(_ length: UInt32) -> Bytes20 {
    if let zeros, zeros.length == length { return zeros.hash }
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    var rest = Int(length)
    while rest > memory.count {
      lanes.update([UnsafeRawBufferPointer(memory)])
      rest -= memory.count
    }
    let hash = lanes.finish([UnsafeRawBufferPointer(rebasing: memory[..<rest])])[0]
    zeros = (length, hash)
    return hash
  }
}
