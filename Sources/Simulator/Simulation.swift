public import DeterministicCore

/// One run: a scenario, a size and a seed.
public struct Simulation: Sendable {
  public let scenario: Scenario
  public var size: Scenario.Size
  public var seed: UInt64
  /// After how many events the invariants are looked at; 0: only when the run has ended.
  public var checkEvery: Int

  public init(_ scenario: Scenario, size: Scenario.Size, seed: UInt64, checkEvery: Int) {
    self.scenario = scenario
    self.size = size
    self.seed = seed
    self.checkEvery = checkEvery
  }

  /// Runs to the end.
  ///
  /// - Parameter progress: called now and then with the virtual seconds and the events so far.
  public func run(progress: (Moment, Int) -> Void = { _, _ in }) -> Outcome {
    var generator = SeededGenerator(seed: seed ^ 0x5ca1_ab1e)
    var plan = scenario.plan(size, &generator)
    plan.setUplinks(size)
    var world = World(plan, seed: seed, checkEvery: checkEvery)
    while world.run(events: 1 << 16) { progress(world.now, world.eventCount) }
    return world.outcome()
  }

  /// The command that repeats this run.
  public var command: String {
    var text = "shoal simulate \(scenario.name) --seed \(seed) --peers \(size.peers)"
    text += " --pieces \(size.pieces) --piece-length \(size.pieceLength)"
    text += " --block-length \(size.blockLength) --max-peers \(size.mostPeers)"
    if let uplink = size.peerUplink { text += " --uplink \(uplink)" }
    if let uplink = size.seedUplink { text += " --seed-uplink \(uplink)" }
    text += " --check-every \(checkEvery)"
    return text
  }

  /// The smallest run found that fails still: fewer peers, then fewer pieces, halved as long as
  /// the failure stays.
  ///
  /// - Parameter most: runs tried.
  public func shrunk(most: Int = 64) -> (simulation: Simulation, outcome: Outcome)? {
    var outcome = run()
    guard !outcome.violations.isEmpty else { return nil }
    var best = self
    var tries = 0
    let steps: [(Scenario.Size) -> Scenario.Size?] = [
      { Self.with($0) { $0.peers /= 2 } }, { Self.with($0) { $0.pieces /= 2 } },
      { Self.with($0) { $0.peers -= 1 } }, { Self.with($0) { $0.pieces -= 1 } },
      { Self.with($0) { $0.blockLength = UInt32($0.pieceLength) } },
    ]
    for step in steps {
      while tries < most, let smaller = step(best.size) {
        var candidate = best
        candidate.size = smaller
        tries += 1
        let result = candidate.run()
        guard !result.violations.isEmpty else { break }
        (best, outcome) = (candidate, result)
      }
    }
    return (best, outcome)
  }

  private static func with(
    _ size: Scenario.Size, _ change: (inout Scenario.Size) -> Void
  ) -> Scenario.Size? {
    var smaller = size
    change(&smaller)
    let isSame =
      (smaller.peers, smaller.pieces, smaller.blockLength)
      == (size.peers, size.pieces, size.blockLength)
    return isSame || smaller.peers < 1 || smaller.pieces < 1 ? nil : smaller
  }
}
