public import Glibc

/// A system call on a socket, or on the loop itself, that failed.
public struct NetworkError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was being done: `bind`, `connect`, …
  public let operation: String
  /// On what: an address and port, or nothing.
  public let subject: String
  public let code: Int32

  public init(_ operation: String, on subject: String = "", code: Int32 = errno) {
    self.operation = operation
    self.subject = subject
    self.code = code
  }

  public var description: String {
    let reason = String(cString: strerror(code))
    return subject.isEmpty ? "\(operation): \(reason)" : "\(operation) \(subject): \(reason)"
  }
}
