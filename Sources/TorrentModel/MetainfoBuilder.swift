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
  public var ring: RingReference?
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
    let outer = BencodeValue.dictionary([("info", .dictionary(info))])
      .setting(trackers: trackers)
      .setting(webSeeds: webSeeds)
      .setting("ring", to: ring?.value)
      .setting("comment", to: comment.map { .string($0) })
      .setting("created by", to: createdBy.map { .string($0) })
      .setting("creation date", to: creationDate.map { .integer($0) })
    return BencodeEncoder.encode(outer)
  }
}

// How the outer dictionary spells what has more than one spelling.
extension BencodeValue {
  /// `announce` for clients that know no more, and `announce-list` (BEP 12) where it says more.
  func setting(trackers: [[String]]) -> BencodeValue {
    let isOne = trackers.count == 1 && trackers[0].count == 1
    let tiers = trackers.map { tier in BencodeValue.list(tier.map { .string($0) }) }
    return setting("announce", to: trackers.first?.first.map { .string($0) })
      .setting("announce-list", to: trackers.isEmpty || isOne ? nil : .list(tiers))
  }

  /// `url-list` (BEP 19).
  func setting(webSeeds: [String]) -> BencodeValue {
    setting("url-list", to: webSeeds.isEmpty ? nil : .list(webSeeds.map { .string($0) }))
  }
}
