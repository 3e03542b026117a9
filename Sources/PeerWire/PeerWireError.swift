/// A peer broke the protocol; its connection ends, nothing else does.
public enum PeerWireError: Error, Hashable, Sendable, CustomStringConvertible {
  case notBitTorrent
  /// A frame longer than its kind can be. Both in bytes.
  case frameTooLong(id: UInt8?, length: UInt32)
  /// A frame whose length does not fit its kind.
  case badFrameLength(id: UInt8, length: UInt32)
  case badExtensionMessage(String)
  /// The other end speaks no message stream encryption, or not as it should.
  case badEncryption(String)
  /// The proxy, not the peer, is why there is no connection.
  case proxyRefused(String)

  public var description: String {
    switch self {
    case .notBitTorrent: "no BitTorrent handshake"
    case .frameTooLong(let id, let length):
      "a frame of \(length) bytes\(id.map { " for message \($0)" } ?? "") is too long"
    case .badFrameLength(let id, let length):
      "message \(id) cannot have \(length) bytes"
    case .badEncryption(let reason): "no encrypted handshake: \(reason)"
    case .proxyRefused(let reason): "the proxy did not connect: \(reason)"
    case .badExtensionMessage(let reason): "a malformed extension message: \(reason)"
    }
  }
}
