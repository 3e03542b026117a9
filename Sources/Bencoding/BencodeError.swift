/// Why bytes are not one bencoded value, with the offset of the byte at fault.
public struct BencodeError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Fault: String, Hashable, Sendable {
    case empty = "no value at all"
    case truncated = "the value ends early"
    case unexpectedByte = "this byte begins no value"
    case malformedInteger = "a malformed integer"
    case malformedLength = "a malformed string length"
    case integerOverflow = "an integer beyond 64 bits"
    case stringPastEnd = "a string longer than the input"
    case keyNotString = "a dictionary key that is no string"
    case keysOutOfOrder = "dictionary keys out of order or repeated"
    case keyWithoutValue = "a dictionary key without a value"
    case tooDeep = "values nested too deep"
    case tooManyValues = "too many values"
    case tooLong = "more input than allowed"
    case trailingBytes = "bytes after the value"
  }

  public let fault: Fault
  /// Offset from the start of the input, in bytes.
  public let position: Int

  public init(_ fault: Fault, at position: Int) {
    self.fault = fault
    self.position = position
  }

  public var description: String { "\(fault.rawValue) at byte \(position)" }
}
