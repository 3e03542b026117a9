import Bencoding
public import TorrentModel

/// The handshake of the extension protocol (BEP 10): which extensions a peer takes and under which
/// numbers, and what it tells of itself.
public struct ExtensionHandshake: Hashable, Sendable {
  /// The number under which the peer takes `ut_metadata` messages (BEP 9); 0 or nil: not at all.
  public var metadataID: UInt8?
  /// The number under which the peer takes `ut_pex` messages (BEP 11); nil: not at all. What we send
  /// may be 0, which takes back what an earlier handshake offered (BEP 10).
  public var exchangeID: UInt8?
  /// The number under which the peer takes `lt_donthave` messages (BEP 54); nil: not at all.
  public var dontHaveID: UInt8?
  /// The peer wants nothing: it has all or all that it was told to fetch (BEP 21).
  public var isUploadOnly = false
  /// Bytes of the info dictionary, from a peer that has it (BEP 9): at most
  /// `MetadataMessage.longestMetadata`.
  public var metadataSize: Int?
  /// Requests the peer keeps queued before it drops any.
  public var requestQueue: Int?
  /// The peer's name and version, cut to a printable length by whoever shows it.
  public var clientVersion: String?
  /// The port on which the peer takes connections.
  public var listenPort: UInt16?
  /// Our address as the peer sees it.
  public var yourAddress: Address?

  /// The number we give to `ut_metadata` messages that are sent to us.
  public static let ourMetadataID: UInt8 = 1
  /// The number we give to `ut_pex` messages that are sent to us.
  public static let ourExchangeID: UInt8 = 2
  /// The number we give to `lt_donthave` messages that are sent to us.
  public static let ourDontHaveID: UInt8 = 3
  /// Longest handshake we read, in bytes: real ones are below a kilobyte.
  public static let longest = 16 << 10

  public init() {}

  public var payload: [UInt8] {
    var pairs: [(String, BencodeValue)] = []
    var numbers: [(String, BencodeValue)] = []
    if let metadataID { numbers.append(("ut_metadata", .integer(Int64(metadataID)))) }
    if let exchangeID { numbers.append(("ut_pex", .integer(Int64(exchangeID)))) }
    if let dontHaveID { numbers.append(("lt_donthave", .integer(Int64(dontHaveID)))) }
    if !numbers.isEmpty { pairs.append(("m", .dictionary(numbers))) }
    if let metadataSize { pairs.append(("metadata_size", .integer(Int64(metadataSize)))) }
    if isUploadOnly { pairs.append(("upload_only", .integer(1))) }
    if let requestQueue { pairs.append(("reqq", .integer(Int64(requestQueue)))) }
    if let clientVersion { pairs.append(("v", .string(clientVersion))) }
    if let listenPort { pairs.append(("p", .integer(Int64(listenPort)))) }
    if let yourAddress { pairs.append(("yourip", .string(yourAddress.bytes))) }
    return BencodeEncoder.encode(.dictionary(pairs))
  }

  /// Fields of the wrong kind or out of range are as good as absent; only bytes that are no
  /// dictionary are an error.
  public init(payload: [UInt8]) throws(PeerWireError) {
    guard payload.count <= Self.longest else {
      throw .badExtensionMessage("a handshake of \(payload.count) bytes")
    }
    let value = try ExtensionPayload(payload).value
    guard value.entries != nil else {
      throw .badExtensionMessage("a handshake that is no dictionary")
    }
    self.init(fields: value)
  }

  private init(fields value: BencodeValue) {
    metadataID = value["m"].flatMap { Self.positive("ut_metadata", of: $0) }
    exchangeID = value["m"].flatMap { Self.positive("ut_pex", of: $0) }
    dontHaveID = value["m"].flatMap { Self.positive("lt_donthave", of: $0) }
    isUploadOnly = (value["upload_only"]?.integer ?? 0) != 0
    metadataSize = Self.positive("metadata_size", of: value)
    if let size = metadataSize, size > MetadataMessage.longestMetadata { metadataSize = nil }
    requestQueue = Self.positive("reqq", of: value)
    listenPort = Self.positive("p", of: value)
    if let version = value["v"]?.string {
      clientVersion = String(decoding: version.prefix(64), as: UTF8.self)
    }
    if let address = value["yourip"]?.string { yourAddress = Address(bytes: address) }
  }

  private static func positive<Number: FixedWidthInteger>(
    _ key: String, of value: BencodeValue
  ) -> Number? {
    guard let number = value[key]?.integer, number > 0 else { return nil }
    return Number(exactly: number)
  }
}
