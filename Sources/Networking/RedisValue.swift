internal import CRedis
import Glibc

/// What a Redis server answers to a command (RESP 2).
public enum RedisValue: Hashable, Sendable {
  case null
  case integer(Int)
  case bytes([UInt8])
  case array([RedisValue])
  /// In the server's words, of which the first tells the kind: `NOSCRIPT`, `MOVED`, `LOADING`.
  case error(String)

  public var integer: Int? {
    if case .integer(let number) = self { number } else { nil }
  }

  public var bytes: [UInt8]? {
    if case .bytes(let bytes) = self { bytes } else { nil }
  }

  public var array: [RedisValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }
}

/// A command as it goes over the wire: an array of strings.
public struct RedisCommand: Sendable {
  let bytes: [UInt8]

  public init(_ parts: [[UInt8]]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(16 + parts.reduce(0) { $0 + $1.count + 16 })
    bytes.append(UInt8(ascii: "*"))
    bytes.append(contentsOf: "\(parts.count)\r\n".utf8)
    for part in parts {
      bytes.append(UInt8(ascii: "$"))
      bytes.append(contentsOf: "\(part.count)\r\n".utf8)
      bytes.append(contentsOf: part)
      bytes.append(contentsOf: "\r\n".utf8)
    }
    self.bytes = bytes
  }

  public init(_ parts: String...) { self.init(parts.map { Array($0.utf8) }) }
}

/// Puts the replies of one connection together from what was read of it.
///
/// The invariant: a reply of more than a mebibyte is an error, and so is one that nests deeper than
/// hiredis allows, before memory is taken for it.
final class RedisReplies {
  private let reader: UnsafeMutablePointer<redisReader>
  /// Bytes fed since the last whole reply.
  private var pending = 0

  private static let longestReply = 1 << 20

  /// `nil` without memory.
  init?() {
    guard let reader = redisReaderCreate() else { return nil }
    self.reader = reader
  }

  deinit { redisReaderFree(reader) }

  /// - Returns: false when the server does not speak the protocol, or at too great a length.
  func feed(_ bytes: UnsafeRawBufferPointer) -> Bool {
    pending += bytes.count
    guard pending <= Self.longestReply + bytes.count else { return false }
    return redisReaderFeed(
      reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count) == REDIS_OK
  }

  enum Next {
    case value(RedisValue)
    case nothing
    case malformed
  }

  /// The next whole reply.
  func next() -> Next {
    var reply: UnsafeMutableRawPointer?
    guard redisReaderGetReply(reader, &reply) == REDIS_OK else { return .malformed }
    guard let reply else { return .nothing }
    defer { freeReplyObject(reply) }
    pending = 0
    return .value(Self.value(reply.assumingMemoryBound(to: redisReply.self).pointee))
  }

  private static func value(_ reply: redisReply) -> RedisValue {
    switch reply.type {
    case REDIS_REPLY_INTEGER: .integer(Int(reply.integer))
    case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: .bytes(bytes(of: reply))
    case REDIS_REPLY_ERROR: .error(String(decoding: bytes(of: reply).prefix(300), as: UTF8.self))
    case REDIS_REPLY_ARRAY:
      .array(
        (0..<Int(reply.elements)).map { index in
          reply.element?[index].map { value($0.pointee) } ?? .null
        })
    default: .null
    }
  }

  private static func bytes(of reply: redisReply) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: reply.str, count: reply.str == nil ? 0 : Int(reply.len)))
  }
}
