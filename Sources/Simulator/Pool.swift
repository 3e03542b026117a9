import DeterministicCore

/// Values too large for an event, kept by number until the event happens.
struct Pool<Value> {
  private var values: [Value?] = []
  private var free: [UInt32] = []

  mutating func insert(_ value: Value) -> UInt32 {
    if let place = free.popLast() {
      values[Int(place)] = value
      return place
    }
    values.append(value)
    return UInt32(values.count - 1)
  }

  /// Fetches where a value is kept.
  @inline(__always)
  func prefetch(_ place: UInt32) { values.place(of: Int(place)).line() }

  /// Takes a value out. - Precondition: it was put in and not taken out since.
  mutating func take(_ place: UInt32) -> Value {
    guard let value = values[Int(place)] else { preconditionFailure("a value is taken once") }
    values[Int(place)] = nil
    free.append(place)
    return value
  }
}
