public import Bencoding

/// Why a file, or metadata from peers, is not the description of a torrent.
public enum MetainfoError: Error, Hashable, Sendable, CustomStringConvertible {
  case notBencoded(BencodeError)
  case missing(String)
  case wrongType(String)
  case badPieceLength(Int64)
  case badPieceHashes(found: Int, expected: Int)
  case bothLengthAndFiles
  case negativeLength
  case lengthOverflow
  case noContent
  case tooManyPieces
  case unsafePath(String)
  case pathTooLong(String)
  /// A `meta version` that is not BEP 52's.
  case unknownVersion(Int64)
  /// An entry of a file tree that is neither a file nor a folder.
  case badFileTree(String)
  /// The nodes of a file's piece layer are missing, of another number, or not below its root.
  case badPieceLayer(String)
  /// What version 1 and version 2 of a hybrid torrent say of a file is not the same.
  case versionsDiffer(String)
  /// A symbolic link that would lead out of the torrent.
  case badLink(String)
  case pathCollision(String)
  case hashMismatch

  public var description: String {
    switch self {
    case .notBencoded(let error): "not valid bencoding: \(error)"
    case .missing(let key): "the key '\(key)' is missing"
    case .wrongType(let key): "the key '\(key)' holds a value of the wrong kind"
    case .badPieceLength(let length): "a piece length of \(length) bytes is not possible"
    case .badPieceHashes(let found, let expected):
      "'pieces' holds \(found) bytes where the size needs \(expected)"
    case .bothLengthAndFiles: "both 'length' and 'files' are given"
    case .negativeLength: "a file has a negative length"
    case .lengthOverflow: "the file lengths add up to more than 64 bits hold"
    case .noContent: "the torrent has no bytes to share"
    case .tooManyPieces: "the torrent has more pieces than any client handles"
    case .unsafePath(let path): "the path component '\(path.prefix(80))' is unsafe"
    case .pathTooLong(let name):
      "a path below '\(name.prefix(80))' is deeper or longer than file systems take"
    case .unknownVersion(let version):
      "'meta version' is \(version), and only 2 (BEP 52) is known"
    case .badFileTree(let path): "the file tree is malformed at '\(path.prefix(80))'"
    case .badPieceLayer(let path):
      "the piece layer of '\(path.prefix(80))' does not hash to the file's root"
    case .versionsDiffer(let path):
      "'\(path.prefix(80))' is not the same in version 1 and version 2 of the torrent"
    case .badLink(let path): "the link '\(path.prefix(80))' leads out of the torrent"
    case .pathCollision(let path): "two files share the path '\(path.prefix(80))'"
    case .hashMismatch: "the info dictionary does not match the info-hash"
    }
  }
}
