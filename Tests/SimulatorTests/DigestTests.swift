import Testing

@testable import Simulator

/// Small enough to be run often in a debug build.
private let small = Scenario.Size(
  peers: 8, pieces: 24, pieceLength: 64 << 10, blockLength: 16 << 10)

@Test(arguments: 1...10)
func `a run is a function of its seed`(seed: UInt64) {
  let simulation = Simulation(.flashCrowd, size: small, seed: seed, checkEvery: 50)
  let (one, other) = (simulation.run(), simulation.run())
  #expect(one.violations.isEmpty, "seed \(seed): \(one.violations.first ?? "")")
  #expect(one.digest == other.digest, "seed \(seed)")
  #expect(one.measures.makespanEfficiency > 0)
}

@Test func `different seeds go different ways`() {
  let digests = (1...5).map {
    Simulation(.flashCrowd, size: small, seed: $0, checkEvery: 0).run().digest
  }
  #expect(Set(digests).count == digests.count)
}
