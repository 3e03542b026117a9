public import HTTPWire

/// The bytes of an answer cannot be had any more; the connection ends.
public struct HTTPBodyEnded: Error, Sendable {
  public init() {}
}

/// Where the body of an answer comes from that is too long to be made at once, or not here yet.
public protocol HTTPBodySource: AnyObject {
  /// The next bytes, `count` at most; nil while there are none.
  func take(atMost count: Int) throws(HTTPBodyEnded) -> [UInt8]?
  var isAtEnd: Bool { get }
  /// Set by whoever takes: called when there may be more.
  var hasMore: (() -> Void)? { get set }
  /// Nothing more will be taken.
  func ended()
}

/// An answer whose body follows by and by.
public struct HTTPStreamedResponse {
  public var head: HTTPResponse
  /// Bytes of the body.
  public var length: UInt64
  public var source: any HTTPBodySource

  public init(_ head: HTTPResponse, length: UInt64, from source: any HTTPBodySource) {
    self.head = head
    self.length = length
    self.source = source
  }
}
