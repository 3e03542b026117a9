public import Bencoding

/// Bytes that are no message between a tracker and its clients.
public enum TrackerWireError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A parameter of a request, by name.
  case missing(String)
  case repeated(String)
  case malformed(String)
  /// More info-hashes than one scrape may name.
  case tooManyHashes
  case tooLong
  case notBencoded(BencodeError)
  /// A key of a response, by name.
  case wrongType(String)
  /// Bytes that a datagram of its kind must have.
  case shortDatagram(length: Int, needed: Int)
  /// A scrape whose info-hashes do not end with the datagram; bytes.
  case raggedDatagram(length: Int)
  case unknownAction(UInt32)
  case notProtocol

  public var description: String {
    switch self {
    case .missing(let name): "the parameter '\(name)' is missing"
    case .repeated(let name): "the parameter '\(name)' stands twice"
    case .malformed(let name): "the parameter '\(name)' is malformed"
    case .tooManyHashes: "more than \(TrackerLimits.mostScrapedHashes) torrents in one scrape"
    case .tooLong: "the response is longer than \(TrackerLimits.longestResponse) bytes"
    case .notBencoded(let error): "the response is not bencoded: \(error)"
    case .wrongType(let key): "'\(key)' is missing from the response or of the wrong type"
    case .shortDatagram(let length, let needed):
      "a datagram of \(length) bytes where \(needed) are needed"
    case .raggedDatagram(let length): "a datagram of \(length) bytes ends inside a field"
    case .unknownAction(let action): "a datagram of unknown action \(action)"
    case .notProtocol: "a datagram that is not of the tracker protocol"
    }
  }
}
