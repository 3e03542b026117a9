import Hashing
import TorrentModel

/// One thread's means to hash pieces from a storage: memory for a chunk of each lane, and digests.
/// Whatever hashes the plan wants, each byte is read once and hashed while it is in the caches.
///
/// The invariant: between two calls the digests are fresh, whatever became of the last one.
struct PieceReader: ~Copyable {
  private let storage: any PieceStorage
  private let geometry: PieceGeometry
  private let plan: HashPlan
  private let cancellation: Cancellation
  private var lanes = SHA1Lanes()
  private var leafLanes = SHA256Lanes()
  private let memory: UnsafeMutableRawBufferPointer
  /// The hashes of a piece of zeros, which one that was never written consists of.
  private var zeros: (shape: Shape, hashes: PieceHashes)?

  /// All that the hashes of zeros depend on.
  private struct Shape: Equatable {
    let length: UInt32
    let span: UInt32
    let width: Int?
  }

  /// Bytes of a read: whole blocks, and a chunk for each lane fits the second-level cache together.
  private static let longestChunk = 64 << 10
  /// Where many lanes share the memory.
  private static let shortestChunk = 32 << 10
  /// Files up to this length may be read as a whole, in bytes.
  static let longestWholeRead = longestChunk

  private static let memoryLength = max(
    SHA1Lanes.width * longestChunk, SHA1Lanes.widest * shortestChunk)

  init(
    storage: any PieceStorage, geometry: PieceGeometry, plan: HashPlan, cancellation: Cancellation
  ) {
    self.storage = storage
    self.geometry = geometry
    self.plan = plan
    self.cancellation = cancellation
    memory = .allocate(byteCount: Self.memoryLength, alignment: 4096)
  }

  deinit { memory.deallocate() }

  /// Hashes up to `SHA1Lanes.widest` pieces of which as many bytes are hashed.
  ///
  /// - Throws: for the first of them that cannot be read; none of them is found then.
  mutating func hash(
    _ pieces: some Collection<PieceIndex>, _ found: (PieceIndex, PieceHashes) -> Void
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
    for (piece, hashes) in zip(present, hashes) { found(piece, hashes) }
    for piece in holes { found(piece, hashesOfZeros(piece)) }
  }

  private mutating func readAndHash(_ pieces: [PieceIndex]) throws(StorageError) -> [PieceHashes] {
    do throws(StorageError) {
      return try digests(of: pieces) {
        [storage, geometry, cancellation] lane, part, done
          throws(StorageError) in
        try Self.checkCancellation(cancellation, storage)
        try storage.read(into: part, at: geometry.offset(of: pieces[lane]) + UInt64(done))
      }
    } catch {
      lanes = SHA1Lanes()
      throw error
    }
  }

  private func checkCancellation() throws(StorageError) {
    try Self.checkCancellation(cancellation, storage)
  }

  private static func checkCancellation(
    _ cancellation: Cancellation, _ storage: any PieceStorage
  ) throws(StorageError) {
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

  private mutating func hashesOfZeros(_ piece: PieceIndex) -> PieceHashes {
    let shape = Shape(
      length: geometry.length(of: piece), span: geometry.span(of: piece),
      width: plan.trees?.width(of: piece))
    if let zeros, zeros.shape == shape { return zeros.hashes }
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    let hashes = digests(of: [piece]) { _, _, _ in }[0]
    zeros = (shape, hashes)
    return hashes
  }

  // MARK: Hashing

  /// Hashes pieces side by side, chunk by chunk.
  ///
  /// - Parameter fill: puts the bytes of a lane's piece from an offset on into memory.
  private mutating func digests<Failure: Error>(
    of pieces: [PieceIndex],
    _ fill: (_ lane: Int, UnsafeMutableRawBufferPointer, _ offset: Int) throws(Failure) -> Void
  ) throws(Failure) -> [PieceHashes] {
    guard let first = pieces.first else { return [] }
    var hashes = pieces.map { _ in PieceHashes() }
    var leaves: [[Bytes32]] = pieces.map { _ in [] }
    let length = plan.length(of: first, in: geometry)
    let room = min(Self.longestChunk, memory.count / pieces.count & -Self.shortestChunk)
    var done = 0
    while done < length {
      let chunk = min(room, length - done)
      var parts: [UnsafeRawBufferPointer] = []
      for lane in pieces.indices {
        let start = lane * room
        let part = UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + chunk])
        try fill(lane, part, done)
        parts.append(UnsafeRawBufferPointer(part))
      }
      if plan.trees != nil { addLeaves(of: parts, at: done, in: pieces, to: &leaves) }
      done += chunk
      guard plan.takesSHA1 else { continue }
      guard done == length else {
        lanes.update(parts)
        continue
      }
      for (lane, digest) in lanes.finish(parts).enumerated() { hashes[lane].sha1 = digest }
    }
    if let trees = plan.trees {
      for (lane, piece) in pieces.enumerated() {
        hashes[lane].root = MerkleTree.root(
          of: leaves[lane], width: trees.width(of: piece), with: &leafLanes)
      }
    }
    return hashes
  }

  /// The digests of the blocks in a chunk of each lane; padding has none.
  private mutating func addLeaves(
    of parts: [UnsafeRawBufferPointer], at offset: Int, in pieces: [PieceIndex],
    to leaves: inout [[Bytes32]]
  ) {
    let blockLength = Int(TreeGeometry.blockLength)
    var whole: [(lane: Int, block: UnsafeRawBufferPointer)] = []
    var last: [(lane: Int, block: UnsafeRawBufferPointer)] = []
    for (lane, part) in parts.enumerated() {
      let end = min(part.count, Int(geometry.length(of: pieces[lane])) - offset)
      for start in stride(from: 0, to: end, by: blockLength) {
        let block = UnsafeRawBufferPointer(rebasing: part[start..<min(start + blockLength, end)])
        if block.count == blockLength {
          whole.append((lane, block))
        } else {
          last.append((lane, block))
        }
      }
    }
    var rest = whole[...]
    while !rest.isEmpty {
      let batch = rest.prefix(SHA256Lanes.widest)
      rest = rest.dropFirst(batch.count)
      for (item, leaf) in zip(batch, leafLanes.finish(batch.map(\.block))) {
        leaves[item.lane].append(leaf)
      }
    }
    for item in last { leaves[item.lane].append(leafLanes.finish([item.block])[0]) }
  }
}
