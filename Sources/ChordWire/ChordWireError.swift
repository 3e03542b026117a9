public import Bencoding

/// Bytes that are no message between the nodes of a ring.
public struct ChordWireError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Fault: Error, Hashable, Sendable {
    /// Bytes of the datagram.
    case tooLong(Int)
    case notBencoded(BencodeError)
    /// A key that is missing, of the wrong type or out of range.
    case malformed(String)
    /// The value or the salt of an item (BEP 44).
    case valueTooLong
    case saltTooLong
    /// A query of a later version, or noise.
    case unknownMethod
  }

  public let fault: Fault
  /// The transaction ID of what was evidently a query, for an answer that says what is wrong with
  /// it; nil where an answer would serve nobody.
  public let query: [UInt8]?

  init(_ fault: Fault, query: [UInt8]? = nil) {
    self.fault = fault
    self.query = query
  }

  public var description: String {
    switch fault {
    case .tooLong(let length):
      "a datagram of \(length) bytes, over \(ChordMessage.longest)"
    case .notBencoded(let error): "the datagram is not bencoded: \(error)"
    case .malformed(let key): "'\(key)' is missing or malformed"
    case .valueTooLong: "an item of over \(Item.longestValue) bytes"
    case .saltTooLong: "a salt of over \(Item.longestSalt) bytes"
    case .unknownMethod: "a query that is not known here"
    }
  }

  /// The datagram that tells the sender of a faulty query what is wrong with it (BEP 5), never
  /// longer than three times the query; nil where there is nothing to answer.
  public var reply: [UInt8]? {
    guard let query else { return nil }
    let code: ChordFailure.Code =
      switch fault {
      case .unknownMethod: .unknownMethod
      case .valueTooLong: .valueTooLong
      case .saltTooLong: .saltTooLong
      default: .protocolFault
      }
    return BencodeEncoder.encode(
      .dictionary([
        ("e", .list([.integer(code.rawValue), .string(shortText)])), ("t", .string(query)),
        ("y", .string("e")),
      ]))
  }

  /// The shortest query that earns a reply has about 25 bytes.
  private var shortText: String {
    switch fault {
    case .malformed(let key): key
    case .unknownMethod: "unknown"
    default: "too long"
    }
  }
}
