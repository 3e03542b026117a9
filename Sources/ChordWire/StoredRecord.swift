import Bencoding
public import TorrentModel

/// A record as it goes from one keeper to another, with the life it has left: a copy never lives
/// longer than what it was copied from.
public enum StoredRecord: Hashable, Sendable {
  case peers(InfoHash, [StoredPeer])
  /// `life`: seconds left.
  case item(Item, life: UInt32)
  case keyword(Identifier, KeywordRecord, life: UInt32)

  /// Records in one datagram.
  static let most = 64
  /// No record lives longer than a day, in seconds.
  public static let longestLife: UInt32 = 86400
}

public struct StoredPeer: Hashable, Sendable {
  public var endpoint: Endpoint
  public var isSeed: Bool
  /// Seconds left.
  public var life: UInt16

  public init(_ endpoint: Endpoint, isSeed: Bool, life: UInt16) {
    self.endpoint = endpoint
    self.isSeed = isSeed
    self.life = life
  }

  /// Bytes behind a compact endpoint: a flag and the life.
  static let tailLength = 3

  var bytes: [UInt8] {
    var bytes = endpoint.compact
    bytes.append(isSeed ? 1 : 0)
    bytes.append(bigEndian: life)
    return bytes
  }

  init?(bytes: ArraySlice<UInt8>) {
    guard let endpoint = Endpoint(compact: bytes.dropLast(Self.tailLength)), endpoint.isDialable,
      endpoint.address.isV4 == (bytes.count == 6 + Self.tailLength)
    else { return nil }
    let tail = Array(bytes.suffix(Self.tailLength))
    guard tail[0] <= 1 else { return nil }
    self.init(endpoint, isSeed: tail[0] == 1, life: UInt16(tail[1]) << 8 | UInt16(tail[2]))
  }
}

// Each record is a dictionary: of peers `h` and `p`, `p6`; of an item `v` and the other keys of
// BEP 44; of a keyword `h` and `w`; with `x`, the seconds left, where the peers do not have their
// own.
extension StoredRecord {
  var value: BencodeValue {
    switch self {
    case .peers(let infoHash, let peers):
      var pairs: [(String, BencodeValue)] = [("h", .string(infoHash.bytes))]
      for (key, isV4) in [("p", true), ("p6", false)] {
        let bytes = peers.filter { $0.endpoint.address.isV4 == isV4 }.flatMap(\.bytes)
        if !bytes.isEmpty { pairs.append((key, .string(bytes))) }
      }
      return .dictionary(pairs)
    case .item(let item, let life):
      return .dictionary(item.pairs + [("x", .integer(Int64(life)))])
    case .keyword(let word, let record, let life):
      return .dictionary([
        ("h", .string(word.bytes)), ("w", .string(record.bytes)), ("x", .integer(Int64(life))),
      ])
    }
  }

  /// Bytes on the wire.
  public var encodedLength: Int { BencodeEncoder.encode(value).count }

  init(_ fields: Fields) throws(ChordWireError.Fault) {
    if fields.has("v") {
      self = .item(try Item(fields), life: try Self.life(fields))
    } else if fields.has("w") {
      guard let bytes = try fields.optionalString("w"), let record = KeywordRecord(bytes: bytes)
      else { throw .malformed("w") }
      self = .keyword(try fields.identifier("h"), record, life: try Self.life(fields))
    } else {
      self = .peers(
        try fields.infoHash("h"),
        try Self.peers("p", 6, fields) + (try Self.peers("p6", 18, fields)))
    }
  }

  private static func life(_ fields: Fields) throws(ChordWireError.Fault) -> UInt32 {
    UInt32(try fields.integer("x", 0...Int64(longestLife)))
  }

  private static func peers(
    _ key: String, _ compactLength: Int, _ fields: Fields
  ) throws(ChordWireError.Fault) -> [StoredPeer] {
    guard let bytes = try fields.optionalString(key) else { return [] }
    let length = compactLength + StoredPeer.tailLength
    guard bytes.count.isMultiple(of: length) else { throw .malformed(key) }
    var peers: [StoredPeer] = []
    for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: length) {
      guard let peer = StoredPeer(bytes: bytes[start..<start + length]) else {
        throw .malformed(key)
      }
      peers.append(peer)
    }
    return peers
  }

  static func list(_ fields: Fields) throws(ChordWireError.Fault) -> [StoredRecord] {
    var records: [StoredRecord] = []
    for value in try fields.list("k", most: most) {
      records.append(
        try StoredRecord(try Fields(value, named: "k", in: fields.datagram)))
    }
    return records
  }
}
