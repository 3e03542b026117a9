extension Optional where Wrapped: ~Copyable {
  /// The value there is, read and changed where it lies: `!` would take one that cannot be copied out of
  /// its place even to read it. - Precondition: it is not nil.
  @inlinable @inline(__always)
  public var wrapped: Wrapped {
    _read {
      switch self {
      case .some(let value): yield value
      case .none: preconditionFailure("there is no value")
      }
    }
    _modify { yield &self! }
  }
}
