import Bencoding
public import Hashing

/// Puts a `.torrent` file together from a layout and its piece hashes (BEP 3).
///
/// The same parts give the same bytes: nothing is read from a clock or a machine here.
public struct MetainfoBuilder: Sendable {
  public var layout: FileLayout
  public var pieceLength: UInt64
  public var trackers: [[String]] = []
  public var webSeeds: [String] = []
  public var isPrivate = false
  public var source: String?
  public var comment: String?
  public var createdBy: String?
  /// Seconds since 1970.
  public var creationDate: Int64?

  public init(layout: FileLayout, pieceLength: UInt64) {
    self.layout = layout
    self.pieceLength = pieceLength
  }

  /// - Parameter hashes: the hash of every piece, in order.
  public func document(hashes: [Bytes20]) -> [UInt8] {
    var pieces: [UInt8] = []
    pieces.reserveCapacity(hashes.count * 20)
    for hash in hashes { pieces.append(contentsOf: hash.bytes) }
    var info: [(String, BencodeValue)] = [
      ("name", .string(layout.name)),
      ("piece length", .integer(Int64(pieceLength))),
      ("pieces", .string(pieces)),
    ]
    if layout.isSingleFile {
      info.append(("length", .integer(Int64(layout.totalLength))))
    } else {
      let files = layout.files.map { file in
        BencodeValue.dictionary([
          ("length", .integer(Int64(file.length))),
          ("path", .list(file.path.map { .string($0) })),
        ])
      }
      info.append(("files", .list(files)))
    }
    if isPrivate { info.append(("private", .integer(1))) }
    if let source { info.append(("source", .string(source))) }

    var outer: [(String, BencodeValue)] = [("info", .dictionary(info))]
    if let first = trackers.first?.first { outer.append(("announce", .string(first))) }
    if trackers.count > 1 || trackers.first.map({ $0.count > 1 }) == true {
      let tiers = trackers.map { tier in BencodeValue.list(tier.map { .string($0) }) }
      outer.append(("announce-list", .list(tiers)))
    }
    if !webSeeds.isEmpty { outer.append(("url-list", .list(webSeeds.map { .string($0) }))) }
    if let comment { outer.append(("comment", .string(comment))) }
    if let createdBy { outer.append(("created by", .string(createdBy))) }
    if let creationDate { outer.append(("creation date", .integer(creationDate))) }
    return BencodeEncoder.encode(.dictionary(outer))
  }
}
