import Testing

@testable import Simulator

/// Every scenario in small, with the invariants looked at often. `make test-simulation` runs them
/// at their own sizes over many seeds.
@Suite struct ScenarioTests {
  private static let small = Scenario.all.filter { $0.name != "multitude" }.map(\.name)

  @Test(arguments: small)
  func `a small swarm keeps the invariants and completes`(name: String) throws {
    let scenario = try #require(Scenario.named(name))
    var size = scenario.size
    size.peers = min(size.peers, 10)
    size.pieces = 20
    let simulation = Simulation(scenario, size: size, seed: 1, checkEvery: 7)
    let outcome = simulation.run()
    #expect(outcome.violations.isEmpty, "\(outcome.violations); \(simulation.command)")
  }

  /// Who all hear of the same others in the same order and dial half of them are two halves: one in
  /// which everybody knows everybody, and one whose members know nobody of their own.
  @Test func `a crowd as large as its members' places has links everywhere`() {
    var efficiency = 0.0
    for seed in 1...2 {
      let size = Scenario.Size(
        peers: 16, pieces: 400, pieceLength: 256 << 10, blockLength: 64 << 10, mostPeers: 16)
      let run = Simulation(.equalSeed, size: size, seed: UInt64(seed), checkEvery: 0).run()
      efficiency += run.measures.makespanEfficiency / 2
    }
    // .82 where all dial the same half.
    #expect(efficiency >= 0.92, "the last was complete at \(efficiency) of the bound")
  }

  @Test func `a seed gives each piece away once, as long as it is the only source`() {
    var cost = 0.0
    for seed in 1...3 {
      let size = Scenario.Size(
        peers: 12, pieces: 60, pieceLength: 64 << 10, blockLength: 32 << 10, mostPeers: 12)
      let run = Simulation(.equalSeed, size: size, seed: UInt64(seed), checkEvery: 0).run()
      cost += (run.measures.firstCopyCost ?? .infinity) / 3
    }
    // Twice the length and more without suggestions; in large torrents 1.01 (docs/POLICY.md).
    #expect(cost <= 1.3, "a first copy costs \(cost) of the length")
  }
}
