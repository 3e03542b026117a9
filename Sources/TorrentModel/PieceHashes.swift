public import Hashing

/// What a piece hashes to, in the ways of the versions that its torrent is of.
public struct PieceHashes: Hashable, Sendable {
  /// Of the piece and the padding at its end (BEP 3); nil in a torrent of version 2 alone.
  public var sha1: Bytes20?
  /// The node of its file's tree that stands for the piece (BEP 52); nil in a torrent of version 1
  /// alone, and where the nodes of its piece layers are not known.
  public var root: Bytes32?

  public init(sha1: Bytes20? = nil, root: Bytes32? = nil) {
    self.sha1 = sha1
    self.root = root
  }
}

/// How a piece is told from a false one.
public struct PieceCheck: Hashable, Sendable {
  public let hashes: PieceHashes
  /// Bytes of the piece that are in a file: those under the leaves of its tree.
  public let length: Int
  /// Leaves under the node that stands for it, those that are missing counted; 0 without one.
  public let width: Int

  public init(_ hashes: PieceHashes, length: Int, width: Int = 0) {
    self.hashes = hashes
    self.length = length
    self.width = width
  }
}

/// Which hashes are taken of the pieces of a torrent.
public struct HashPlan: Hashable, Sendable {
  public let takesSHA1: Bool
  /// How the pieces stand in trees; nil where nodes are not computed.
  public let trees: TreeGeometry?

  public init(takesSHA1: Bool, trees: TreeGeometry?) {
    self.takesSHA1 = takesSHA1
    self.trees = trees
  }

  /// Bytes of a piece that have to be there to take them: those of a piece of version 1 end with its
  /// padding.
  public func length(of piece: PieceIndex, in geometry: PieceGeometry) -> Int {
    Int(takesSHA1 ? geometry.span(of: piece) : geometry.length(of: piece))
  }
}
