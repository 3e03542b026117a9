import ChordWire
import DeterministicCore

/// What one node knows of the ring on its way to another: arc by arc, and how long until the next
/// time.
///
/// A ring that is young, or has just been mended, learns of its members by comparing: so the next
/// comparison follows soon as long as they teach much, twice as late as the last where they teach
/// something, and otherwise sixteen times as late, until the usual wait is reached. What is still on its
/// way as news counts for nothing, or a large ring would compare all the time.
struct MembershipComparison: Sendable {
  /// Arcs whose sums differ, yet to be compared.
  private(set) var arcs: [Arc] = []
  /// Members heard of in the comparison under way.
  private var learned = 0
  private var wait = TimeSpan.zero
  private var lastWait = TimeSpan.zero
  private var longest = TimeSpan.zero
  private(set) var dueAt = Moment.distantFuture

  /// Whether no more than a part of the circle is compared.
  var isOfPart = false

  /// Whether the last comparisons taught little.
  var isCalm: Bool { wait == longest }

  private static let mostArcs = 4096
  /// Between two comparisons that teach much.
  static let shortestWait = TimeSpan.seconds(2)
  /// A comparison teaches much, or something, from these parts of what is known.
  private static let much = 16
  private static let something = 32

  /// One begins. The next follows late, unless this one comes to its end and has taught something.
  ///
  /// - Parameters:
  ///   - longest: the usual wait.
  ///   - chance: in 0..<1, so that nodes that began together do not stay together.
  mutating func begin(longest: TimeSpan, chance: Double, at now: Moment) {
    arcs.removeAll()
    learned = 0
    lastWait = wait
    self.longest = longest
    wait = min(max(wait * 16, Self.shortestWait), longest)
    schedule(chance, at: now)
  }

  /// Nobody is compared with before the usual wait is over.
  mutating func rest(for longest: TimeSpan, chance: Double, at now: Moment) {
    wait = longest
    schedule(chance, at: now)
  }

  /// Nothing is left to be compared.
  ///
  /// - Parameter known: members known by now.
  mutating func end(known: Int, chance: Double, at now: Moment) {
    guard learned > 0, learned * Self.something >= known else { return }
    let isMuch = learned * Self.much >= known
    wait = isMuch ? Self.shortestWait : min(max(lastWait * 2, Self.shortestWait), longest)
    schedule(chance, at: now)
  }

  /// So much is missing that it can be told from the neighbours.
  mutating func hasten(at now: Moment) {
    wait = .zero
    dueAt = min(dueAt, now + Self.shortestWait)
  }

  private mutating func schedule(_ chance: Double, at now: Moment) {
    dueAt = now + .seconds(wait.seconds * (0.75 + 0.5 * chance))
  }

  mutating func learn() { learned += 1 }

  mutating func add(_ arc: Arc) {
    if arcs.count < Self.mostArcs { arcs.append(arc) }
  }

  mutating func next() -> Arc? { arcs.popLast() }

  mutating func stop() {
    arcs.removeAll()
    dueAt = .distantFuture
  }
}
