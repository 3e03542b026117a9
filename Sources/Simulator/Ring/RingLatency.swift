import DeterministicCore

/// How long a datagram is on its way.
enum RingLatency: Sendable {
  case fixed(TimeSpan)
  case uniform(TimeSpan, TimeSpan)
  /// By the distance of places drawn in a cube, whose edge takes so long.
  case cube(edge: TimeSpan)

  func delay(from one: Int, to other: Int, random: inout SeededGenerator) -> TimeSpan {
    switch self {
    case .fixed(let span): span
    case .uniform(let least, let most):
      .seconds(least.seconds + (most.seconds - least.seconds) * random.fraction())
    case .cube(let edge): .seconds(edge.seconds * Self.distance(one, other))
    }
  }

  /// One way, without chance.
  private static func distance(_ one: Int, _ other: Int) -> Double {
    let (a, b) = (place(one), place(other))
    let (x, y, z) = (a.x - b.x, a.y - b.y, a.z - b.z)
    return (x * x + y * y + z * z).squareRoot()
  }

  /// Where a host stands; it follows from its number.
  private static func place(_ number: Int) -> (x: Double, y: Double, z: Double) {
    var random = SeededGenerator(seed: UInt64(number) &* 0x9e37_79b9_7f4a_7c15)
    return (random.fraction(), random.fraction(), random.fraction())
  }
}
