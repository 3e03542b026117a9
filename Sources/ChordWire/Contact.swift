import Bencoding
public import TorrentModel

/// A node as others name it: its identifier and where it is reached.
public struct Contact: Hashable, Sendable, CustomStringConvertible {
  public let id: Identifier
  public let endpoint: Endpoint

  @inlinable
  public init(_ id: Identifier, _ endpoint: Endpoint) {
    self.id = id
    self.endpoint = endpoint
  }

  public var description: String { "\(id)@\(endpoint)" }

  /// Bytes of a contact on the wire: 26 (BEP 5) or 38 (BEP 32).
  public var compactLength: Int { endpoint.address.isV4 ? Self.lengthV4 : Self.lengthV6 }

  static let lengthV4 = 26
  static let lengthV6 = 38

  /// 26 or 38 bytes; `nil` for any other count, and for an endpoint nobody could be reached at.
  public init?(compact bytes: some Collection<UInt8>) {
    guard bytes.count == Self.lengthV4 || bytes.count == Self.lengthV6,
      let id = Identifier(bytes: bytes.prefix(Identifier.length)),
      let endpoint = Endpoint(compact: bytes.dropFirst(Identifier.length)), endpoint.isDialable,
      // An IPv4 address in the clothes of an IPv6 one would make one node look like two.
      endpoint.address.isV4 == (bytes.count == Self.lengthV4)
    else { return nil }
    self.init(id, endpoint)
  }

  public var compact: [UInt8] { id.bytes + endpoint.compact }
}

/// Contacts in a dictionary: IPv4 ones in a string under `key`, IPv6 ones under `key6`, as BEP 32
/// has `nodes` and `nodes6`. Order between the two families is lost on the way; what is ordered is
/// so by identifier and can be sorted again.
enum ContactList {
  /// Contacts in one list: more do not fit a datagram.
  static let most = 40

  static func pairs(_ key: String, _ contacts: [Contact]) -> [(String, BencodeValue)] {
    [(key, true), (key + "6", false)].compactMap { key, isV4 in
      let bytes = contacts.filter { $0.endpoint.address.isV4 == isV4 }.flatMap(\.compact)
      return bytes.isEmpty ? nil : (key, .string(bytes))
    }
  }

  static func read(
    _ key: String, from fields: Fields, most: Int = Self.most
  ) throws(ChordWireError.Fault) -> [Contact] {
    var contacts: [Contact] = []
    for (key, length) in [(key, Contact.lengthV4), (key + "6", Contact.lengthV6)] {
      guard let bytes = try fields.optionalString(key) else { continue }
      guard bytes.count.isMultiple(of: length), bytes.count / length <= most - contacts.count
      else { throw .malformed(key) }
      for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: length) {
        guard let contact = Contact(compact: bytes[start..<start + length]) else {
          throw .malformed(key)
        }
        contacts.append(contact)
      }
    }
    return contacts
  }
}
