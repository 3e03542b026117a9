import Bencoding

/// Why a query was not answered.
public struct ChordFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The codes of BEP 5 and BEP 44, and those of a ring. Others are kept as numbers.
  public struct Code: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }

    public static let generic = Code(rawValue: 201)
    public static let serverFault = Code(rawValue: 202)
    public static let protocolFault = Code(rawValue: 203)
    public static let unknownMethod = Code(rawValue: 204)
    public static let valueTooLong = Code(rawValue: 205)
    public static let invalidSignature = Code(rawValue: 206)
    public static let saltTooLong = Code(rawValue: 207)
    public static let casMismatch = Code(rawValue: 301)
    public static let sequenceTooLow = Code(rawValue: 302)
    public static let wrongRing = Code(rawValue: 401)
    /// The key is another's; `node` is the predecessor of who answers, where it has one.
    public static let notOwner = Code(rawValue: 402)
    public static let badCertificate = Code(rawValue: 403)
    public static let wrongEpoch = Code(rawValue: 404)
    /// The answer follows once a step of the sender's own is done.
    public static let busy = Code(rawValue: 405)
    /// The answer is too long for an address that has not shown `token`.
    public static let tokenRequired = Code(rawValue: 406)
  }

  public var code: Code
  /// For people; cut to `longestText` bytes on the wire.
  public var text: String
  public var node: Contact?
  public var token: WriteToken?

  static let longestText = 80

  public init(
    _ code: Code, _ text: String = "", node: Contact? = nil, token: WriteToken? = nil
  ) {
    self.code = code
    self.text = text
    self.node = node
    self.token = token
  }

  public var description: String { "error \(code.rawValue) \(text)" }
}

extension ChordFailure {
  init(_ value: BencodeValue, _ message: Fields) throws(ChordWireError.Fault) {
    guard let items = value["e"]?.list, items.count == 2, let number = items[0].integer,
      let text = items[1].string, (100...999).contains(number)
    else { throw .malformed("e") }
    code = Code(rawValue: number)
    self.text = String(decoding: text.prefix(Self.longestText), as: UTF8.self)
    guard message.has("r") else { return }
    let details = try Fields(value["r"], named: "r", in: message.datagram)
    node = try ContactList.read("nodes", from: details, most: 1).first
    if details.has("token") { token = WriteToken(try details.word("token")) }
  }

  var pairs: [(String, BencodeValue)] {
    var details = ContactList.pairs("nodes", node.map { [$0] } ?? [])
    if let token { details.append(("token", .word(token.word))) }
    let text = Array(text.utf8.prefix(Self.longestText))
    var pairs: [(String, BencodeValue)] = [
      ("e", .list([.integer(code.rawValue), .string(text)]))
    ]
    if !details.isEmpty { pairs.append(("r", .dictionary(details))) }
    return pairs
  }
}

extension BencodeValue {
  /// Eight bytes in network order.
  static func word(_ word: UInt64) -> BencodeValue {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: word)
    return .string(bytes)
  }
}
