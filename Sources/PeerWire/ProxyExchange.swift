public import TorrentModel

/// What is said to a proxy before a connection through it is the peer's (RFC 1928 and 1929; RFC 9110,
/// section 9.3.6).
///
/// The invariant: no byte is asked for that could be the peer's, so that what follows the proxy's last
/// word is left where it is.
public struct ProxyExchange: Sendable {
  public enum Step: Hashable, Sendable {
    case readOn
    /// Say this, then read on.
    case send([UInt8])
    /// The connection is the peer's.
    case done
  }

  /// What is being read.
  private enum Part {
    case method, credentials, reply, boundAddress, head
  }

  private let proxy: Proxy
  private let target: Endpoint
  private var part: Part
  private var received: [UInt8] = []
  /// Bytes that may be read, at most; none once the connection is the peer's.
  public private(set) var wanted: Int

  /// An answer with longer headers is refused, in bytes.
  static let longestHead = 4096

  public init(_ proxy: Proxy, to target: Endpoint) {
    self.proxy = proxy
    self.target = target
    part = proxy.kind == .socks5 ? .method : .head
    wanted = proxy.kind == .socks5 ? 2 : 1
  }

  /// What is said first.
  public var opening: [UInt8] {
    switch proxy.kind {
    case .socks5: return proxy.user == nil ? [5, 1, 0] : [5, 2, 0, 2]
    case .http:
      var lines = ["CONNECT \(target) HTTP/1.1", "Host: \(target)"]
      if let user = proxy.user {
        let words = Array("\(user):\(proxy.password ?? "")".utf8)
        lines.append("Proxy-Authorization: Basic \(Base64.encode(words))")
      }
      return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
  }

  /// Takes what was read.
  ///
  /// - Throws: `.proxyRefused` where the proxy makes no connection, or is none.
  public mutating func take(_ bytes: some Collection<UInt8>) throws(PeerWireError) -> Step {
    precondition(bytes.count <= wanted, "bytes that may be the peer's")
    received += bytes
    wanted -= bytes.count
    guard wanted == 0 else { return .readOn }
    switch part {
    case .method:
      return try chooseMethod()
    case .credentials:
      guard received[1] == 0 else { throw .proxyRefused("it does not take the password") }
      return sendRequest()
    case .reply:
      return try readReply()
    case .boundAddress:
      return .done
    case .head:
      return try readHead()
    }
  }

  private mutating func expect(_ part: Part, _ count: Int) {
    self.part = part
    received = []
    wanted = count
  }

  // MARK: SOCKS

  private mutating func chooseMethod() throws(PeerWireError) -> Step {
    guard received[0] == 5 else { throw .proxyRefused("it speaks no SOCKS 5") }
    switch (received[1], proxy.user) {
    case (0, _):
      return sendRequest()
    case (2, let user?):
      expect(.credentials, 2)
      let name = Array(user.utf8)
      let word = Array((proxy.password ?? "").utf8)
      return .send([1, UInt8(name.count)] + name + [UInt8(word.count)] + word)
    case (255, nil):
      throw .proxyRefused("it wants a user name and a password")
    default:
      throw .proxyRefused("it wants another way to log in")
    }
  }

  private mutating func sendRequest() -> Step {
    // Five bytes of the answer say how long the rest of it is.
    expect(.reply, 5)
    return .send([5, 1, 0, target.address.isV4 ? 1 : 4] + target.compact)
  }

  /// The answer ends in the address that the proxy connects from, which is nobody's business here.
  private mutating func readReply() throws(PeerWireError) -> Step {
    guard received[0] == 5 else { throw .proxyRefused("it speaks no SOCKS 5") }
    guard received[1] == 0 else { throw .proxyRefused(Self.reason(received[1])) }
    let nameLength = Int(received[4])
    switch received[3] {
    case 1: expect(.boundAddress, 4 + 2 - 1)
    case 3: expect(.boundAddress, nameLength + 2)
    case 4: expect(.boundAddress, 16 + 2 - 1)
    default: throw .proxyRefused("it names no address")
    }
    return .readOn
  }

  private static func reason(_ code: UInt8) -> String {
    switch code {
    case 2: "its rules do not allow the connection"
    case 3, 4: "the peer is not to be reached"
    case 5: "the peer refused the connection"
    default: "it answered \(code)"
    }
  }

  // MARK: HTTP

  /// Byte by byte: where the headers end is known when they have ended.
  private mutating func readHead() throws(PeerWireError) -> Step {
    guard received.suffix(4).elementsEqual("\r\n\r\n".utf8) else {
      guard received.count < Self.longestHead else { throw .proxyRefused("it answers at length") }
      wanted = 1
      return .readOn
    }
    let words = received.prefix { $0 != 13 }.split(separator: 32, maxSplits: 2)
    guard words.count >= 2, words[0].starts(with: "HTTP/1.".utf8) else {
      throw .proxyRefused("it speaks no HTTP")
    }
    guard words[1].count == 3, words[1].first == UInt8(ascii: "2") else {
      throw .proxyRefused("it answered \(String(decoding: words[1].prefix(3), as: UTF8.self))")
    }
    return .done
  }
}
