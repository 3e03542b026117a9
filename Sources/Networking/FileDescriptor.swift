import Glibc

/// A descriptor with one owner, closed when the owner lets go of it.
public struct FileDescriptor: ~Copyable, Sendable {
  public let number: Int32

  /// Takes ownership. - Precondition: the number names an open descriptor.
  public init(owning number: Int32) {
    precondition(number >= 0, "no descriptor to own")
    self.number = number
  }

  deinit { close(number) }

  /// Another descriptor of the same, whose owner is whoever takes the number.
  public borrowing func duplicate() throws(NetworkError) -> Int32 {
    let copy = fcntl(number, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw NetworkError("duplicate a descriptor") }
    return copy
  }

  /// Gives the ownership up without closing.
  public consuming func release() -> Int32 {
    let number = number
    discard self
    return number
  }
}
