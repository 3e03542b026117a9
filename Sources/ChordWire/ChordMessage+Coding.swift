import Bencoding
import TorrentModel

// The envelope: `t` transaction, `y` kind, `q` method, `a` arguments, `r` results, `e` error, and
// `g` ring, `ip` observed endpoint, `ro` read-only, `v` client and version.
extension ChordMessage {
  private static let version = Array("SH01".utf8)

  /// Values nest no deeper than an item's value needs; a longer or larger datagram is noise.
  static let decoder = BencodeDecoder(
    limits: BencodeDecoder.Limits(depth: 10, values: 320, length: longest))

  /// The datagram. What it is made of is bounded by whoever made it; a message that a datagram
  /// cannot hold is a programmer's mistake, but one that is only found on the way out, so it is
  /// `nil` and not a trap.
  public var datagram: [UInt8]? {
    let bytes = BencodeEncoder.encode(.dictionary(pairs))
    return bytes.count <= Self.longest ? bytes : nil
  }

  private var pairs: [(String, BencodeValue)] {
    var transactionBytes: [UInt8] = []
    transactionBytes.append(bigEndian: transaction)
    var pairs: [(String, BencodeValue)] = [
      ("t", .string(transactionBytes)), ("v", .string(Self.version)),
    ]
    if let ring { pairs.append(("g", .word(ring.word))) }
    if let observed { pairs.append(("ip", .string(observed.compact))) }
    if isReadOnly { pairs.append(("ro", .integer(1))) }
    switch body {
    case .query(let query, let head):
      var arguments = query.pairs + [("id", .string(head.sender.bytes))]
      if let receiver = head.receiver { arguments.append(("to", .string(receiver.bytes))) }
      if let token = head.token { arguments.append(("token", .word(token.word))) }
      pairs += [
        ("a", .dictionary(arguments)), ("q", .string(query.method.rawValue)), ("y", .string("q")),
      ]
    case .reply(let reply, let head):
      var results = reply.pairs + [("id", .string(head.sender.bytes))]
      if let token = head.token { results.append(("token", .word(token.word))) }
      pairs += [
        ("q", .string(reply.method.rawValue)), ("r", .dictionary(results)), ("y", .string("r")),
      ]
    case .failure(let failure):
      pairs += failure.pairs + [("y", .string("e"))]
    }
    return pairs
  }

  /// Reads a datagram strictly.
  ///
  /// - Throws: what is wrong with it, and the answer it earns if it is a query.
  public init(datagram: [UInt8]) throws(ChordWireError) {
    guard datagram.count <= Self.longest else { throw ChordWireError(.tooLong(datagram.count)) }
    let value: BencodeValue
    do {
      value = try Self.decoder.decode(datagram)
    } catch {
      throw ChordWireError(.notBencoded(error))
    }
    // A transaction ID of another length may be one of another protocol's, which is told so.
    var query: [UInt8]?
    if value["y"]?.text == "q", let id = value["t"]?.string, (1...8).contains(id.count) {
      query = Array(id)
    }
    do {
      try self.init(value, datagram)
    } catch {
      throw ChordWireError(error, query: query)
    }
  }

  private init(_ value: BencodeValue, _ datagram: [UInt8]) throws(ChordWireError.Fault) {
    let message = try Fields(value, named: "datagram", in: datagram)
    transaction = try message.string("t", 4...4).reduce(0) { $0 << 8 | UInt32($1) }
    if message.has("g") { ring = RingTag(try message.word("g")) }
    if let bytes = try message.optionalString("ip") {
      guard let endpoint = Endpoint(compact: bytes) else { throw .malformed("ip") }
      observed = endpoint
    }
    isReadOnly = try message.flag("ro")
    switch value["y"]?.text {
    case "q":
      let method = try Self.method(value)
      let arguments = try Fields(value["a"], named: "a", in: datagram)
      var head = QueryHead(from: try arguments.identifier("id"))
      head.receiver = try arguments.optionalIdentifier("to")
      if arguments.has("token") { head.token = WriteToken(try arguments.word("token")) }
      body = .query(try ChordQuery(method, arguments), head)
    case "r":
      let method = try Self.method(value)
      let results = try Fields(value["r"], named: "r", in: datagram)
      var head = ReplyHead(from: try results.identifier("id"))
      if results.has("token") { head.token = WriteToken(try results.word("token")) }
      body = .reply(try ChordReply(method, results), head)
    case "e":
      body = .failure(try ChordFailure(value, message))
    default:
      throw .malformed("y")
    }
  }

  private static func method(
    _ value: BencodeValue
  ) throws(ChordWireError.Fault) -> ChordQuery.Method {
    guard let name = value["q"]?.text else { throw .malformed("q") }
    guard let method = ChordQuery.Method(rawValue: name) else { throw .unknownMethod }
    return method
  }
}
