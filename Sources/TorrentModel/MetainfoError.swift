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
  case onlyVersion2
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
    case .onlyVersion2: "the torrent is of version 2 (BEP 52) only, which is not read"
    case .pathCollision(let path): "two files share the path '\(path.prefix(80))'"
    case .hashMismatch: "the info dictionary does not match the info-hash"
    }
  }
}
