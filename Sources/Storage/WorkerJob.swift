public import Hashing
public import TorrentModel

/// A whole piece in memory, to be hashed and, if it is right, written.
public struct VerifyJob: Sendable {
  /// Whatever tells the submitter which torrent this is about.
  public let torrent: UInt64
  public let piece: PieceIndex
  /// Where the piece starts, in bytes from the start of the torrent.
  public let offset: UInt64
  public let expected: PieceCheck
  public let storage: any PieceStorage
  /// Holds the piece, with its padding where SHA-1 is taken of it, and nothing else; given up until
  /// the result brings it back.
  public let buffer: PieceBuffer
  /// An earlier copy of the piece was wrong, so that digests of the blocks are wanted even if this
  /// one is right.
  public let isSuspect: Bool

  public init(
    torrent: UInt64, piece: PieceIndex, offset: UInt64, expected: PieceCheck,
    storage: any PieceStorage, buffer: PieceBuffer, isSuspect: Bool = false
  ) {
    self.torrent = torrent
    self.piece = piece
    self.offset = offset
    self.expected = expected
    self.storage = storage
    self.buffer = buffer
    self.isSuspect = isSuspect
  }
}

/// What became of a `VerifyJob`.
public struct WorkerResult: Sendable {
  public enum Outcome: Sendable {
    /// The hash is right and the storage has the piece.
    case stored
    /// The hash is wrong; nothing was written.
    case mismatched
    /// The hash is right, but the piece could not be written.
    case failed(StorageError)
  }

  public let torrent: UInt64
  public let piece: PieceIndex
  public let outcome: Outcome
  /// Of each block, when the piece was wrong or suspect; otherwise empty. Where the piece has a node
  /// in a tree they are its leaves, cut to twenty bytes (BEP 52).
  public let blockDigests: [Bytes20]
  public let buffer: PieceBuffer
}

/// Who wants the results. Called on a worker thread, with several results where several were ready.
public protocol ResultSink: AnyObject, Sendable {
  func deliver(_ results: [WorkerResult])
}
