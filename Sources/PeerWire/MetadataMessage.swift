import Bencoding

/// A `ut_metadata` message (BEP 9): the info dictionary handed over in parts of 16 KiB.
public enum MetadataMessage: Hashable, Sendable {
  case request(part: Int)
  case data(part: Int, totalSize: Int, bytes: [UInt8])
  case reject(part: Int)
  /// A kind from a later version, to be ignored.
  case unknown

  /// Bytes in every part but the last.
  public static let partLength = 16 << 10
  /// The longest info dictionary we fetch: what a `.torrent` file may be.
  public static let longestMetadata = BencodeDecoder.Limits.metainfo.length

  public static func partCount(of size: Int) -> Int { (size + partLength - 1) / partLength }

  public var payload: [UInt8] {
    switch self {
    case .request(let part):
      BencodeEncoder.encode(
        .dictionary([("msg_type", .integer(0)), ("piece", .integer(Int64(part)))]))
    case .data(let part, let totalSize, let bytes):
      BencodeEncoder.encode(
        .dictionary([
          ("msg_type", .integer(1)), ("piece", .integer(Int64(part))),
          ("total_size", .integer(Int64(totalSize))),
        ])) + bytes
    case .reject(let part):
      BencodeEncoder.encode(
        .dictionary([("msg_type", .integer(2)), ("piece", .integer(Int64(part)))]))
    case .unknown: preconditionFailure("a message of unknown kind is never sent")
    }
  }

  public init(payload: [UInt8]) throws(PeerWireError) {
    let parsed = try ExtensionPayload(payload)
    let value = parsed.value
    guard let kind = value["msg_type"]?.integer else {
      throw .badExtensionMessage("metadata without 'msg_type'")
    }
    guard (0...2).contains(kind) else {
      self = .unknown
      return
    }
    let mostParts = Self.partCount(of: Self.longestMetadata)
    guard let piece = value["piece"]?.integer, (0..<Int64(mostParts)).contains(piece) else {
      throw .badExtensionMessage("metadata without a part number in range")
    }
    let part = Int(piece)
    switch kind {
    case 0: self = .request(part: part)
    case 1:
      let bytes = Array(payload[parsed.end...])
      guard let size = value["total_size"]?.integer, size > 0, size <= Int64(Self.longestMetadata),
        part < Self.partCount(of: Int(size)),
        bytes.count == min(Self.partLength, Int(size) - part * Self.partLength)
      else { throw .badExtensionMessage("metadata whose length does not fit its size") }
      self = .data(part: part, totalSize: Int(size), bytes: bytes)
    default: self = .reject(part: part)
    }
  }
}
