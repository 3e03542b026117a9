import ChordLogic
import DeterministicCore

/// A figure that a ring is held to.
public struct RingFigure: Sendable {
  public let name: String
  /// What the literature has, or what was asked for.
  public let published: String
  public let measured: Double
  /// Where the measured value has to lie; nil where it is told for comparison only.
  public let bound: ClosedRange<Double>?

  init(
    _ name: String, published: String, _ measured: Double, within bound: ClosedRange<Double>? = nil
  ) {
    self.name = name
    self.published = published
    self.measured = measured
    self.bound = bound
  }

  public var holds: Bool { bound?.contains(measured) ?? true }
}

/// What a run of a ring came to.
public struct RingOutcome: Sendable {
  public var figures: [RingFigure] = []
  /// Equal for equal runs.
  public var digest: UInt64 = 0
  public var events = 0
  public var messages = 0

  mutating func add(_ figure: RingFigure) { figures.append(figure) }

  mutating func add(_ world: RingWorld) {
    digest = digest &* 0x100_0000_01b3 ^ world.traceDigest
    events += world.eventCount
    messages += world.messageCount
  }
}

/// A kind of run of a whole ring, by the production node on virtual time.
public struct RingScenario: Sendable {
  public let name: String
  public let summary: String
  /// Hosts, unless another number is asked for.
  public let hosts: Int
  let perform: @Sendable (UInt64, Int) -> RingOutcome

  init(
    _ name: String, _ summary: String, hosts: Int,
    perform: @escaping @Sendable (UInt64, Int) -> RingOutcome
  ) {
    self.name = name
    self.summary = summary
    self.hosts = hosts
    self.perform = perform
  }

  public func run(seed: UInt64, hosts: Int? = nil) -> RingOutcome {
    perform(seed, hosts ?? self.hosts)
  }

  public static let all: [RingScenario] = [
    .path, .load, .crash, .churn, .churnUnchecked, .latency, .proximity, .news, .records, .day,
    .partition, .liars,
  ]

  public static func named(_ name: String) -> RingScenario? { all.first { $0.name == name } }
}

/// Numbers gathered one by one.
struct Readings {
  private var values: [Double] = []

  mutating func add(_ value: Double) { values.append(value) }

  var count: Int { values.count }
  var mean: Double { values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count) }

  func quantile(_ part: Double) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    return sorted[min(sorted.count - 1, Int(part * Double(sorted.count)))]
  }

  var median: Double { quantile(0.5) }

  func share(_ holds: (Double) -> Bool) -> Double {
    Double(values.count(where: holds)) / Double(max(1, values.count))
  }
}

extension RingWorld {
  /// A logarithm without the C library: whole part by doubling, the rest by squaring.
  static func logarithm(_ value: Double) -> Double {
    var (value, result) = (value, 0.0)
    while value >= 2 {
      value /= 2
      result += 1
    }
    while value < 1 {
      value *= 2
      result -= 1
    }
    var part = 0.5
    for _ in 0..<40 {
      value *= value
      if value >= 2 {
        value /= 2
        result += part
      }
      part /= 2
    }
    return result
  }

  /// The span to the next of events that come by chance, so long on average.
  func waiting(_ mean: TimeSpan) -> TimeSpan {
    .seconds(-mean.seconds * Self.logarithm(1 - random.fraction()) * 0.693_147_180_559_945)
  }
}

extension ChordConfiguration {
  /// A large ring: fingers and no list of all members.
  static var fingers: ChordConfiguration {
    var configuration = ChordConfiguration()
    configuration.largestWholeRing = 0
    return configuration
  }

  /// Nothing happens but what is asked for.
  var still: ChordConfiguration {
    var configuration = self
    configuration.shortestRound = .minutes(100_000)
    configuration.longestRound = .minutes(100_001)
    configuration.quickestRound = nil
    return configuration
  }
}
