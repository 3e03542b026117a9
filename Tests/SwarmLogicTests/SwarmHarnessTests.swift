import DeterministicCore
import Testing
import TorrentModel

@testable import SwarmLogic

/// Whole swarms, with their invariants looked at after every step of the small ones.
@Suite struct SwarmHarnessTests {
  static let hour = Moment.zero + .seconds(3600)

  static func twenty(seed: UInt64) -> SwarmHarness {
    let harness = SwarmHarness(
      hosts: 21, seeds: [0], pieces: 40, blocksPerPiece: 4, candidates: 12, seed: seed)
    harness.checkEvery = 61
    return harness
  }

  static func isOver(_ harness: SwarmHarness) -> Bool {
    harness.hosts.allSatisfy { $0.isComplete || $0.isGone }
  }

  /// What was sent has arrived, and what arrived is in the pieces or counted as waste.
  static func checkBytes(_ harness: SwarmHarness, _ seed: UInt64) {
    // What is under way arrives.
    harness.run(until: harness.now + .seconds(10)) { _ in false }
    let sent = harness.hosts.reduce(0) { $0 + $1.swarm.up.total }
    let landed = harness.hosts.reduce(0) { $0 + $1.swarm.down.total }
    let discarded = harness.hosts.reduce(0) { $0 + $1.discarded }
    #expect(sent == landed + discarded + harness.lost, "seed \(seed)")
    for (number, host) in harness.hosts.enumerated() where host.isComplete {
      guard host.swarm.down.total > 0 else { continue }
      let received = host.swarm.down.total + host.discarded
      #expect(
        received == harness.geometry.totalLength + host.swarm.wastedBytes,
        "seed \(seed), host \(number)")
    }
  }

  @Test(arguments: UInt64(1)...4)
  func theInvariantsHoldAfterEveryStep(seed: UInt64) {
    let harness = SwarmHarness(
      hosts: 6, seeds: [0], pieces: 10, blocksPerPiece: 2, candidates: 4, seed: seed)
    harness.run(until: Self.hour, isOver: Self.isOver)
    #expect(Self.isOver(harness), "seed \(seed)")
    Self.checkBytes(harness, seed)
  }

  @Test(arguments: UInt64(1)...3)
  func twentyLeechersAndASeedComplete(seed: UInt64) {
    let harness = Self.twenty(seed: seed)
    harness.run(until: Self.hour, isOver: Self.isOver)
    #expect(Self.isOver(harness), "seed \(seed)")
    #expect(harness.bans.isEmpty, "seed \(seed)")
    Self.checkBytes(harness, seed)
    // A torrent of 160 blocks is mostly endgame.
    let wasted = harness.hosts.reduce(0) { $0 + $1.swarm.wastedBytes }
    #expect(wasted < harness.geometry.totalLength * 20 / 4, "seed \(seed): \(wasted) bytes")
  }

  @Test(arguments: UInt64(1)...2)
  func theSameSeedGoesTheSameWay(seed: UInt64) {
    let runs = (0..<2).map { _ in
      let harness = Self.twenty(seed: seed)
      harness.run(until: Self.hour, isOver: Self.isOver)
      return (harness.trace, harness.steps, harness.now)
    }
    #expect(runs[0] == runs[1])
    let other = Self.twenty(seed: seed + 100)
    other.run(until: Self.hour, isOver: Self.isOver)
    #expect(other.trace != runs[0].0)
  }

  @Test(arguments: UInt64(1)...3)
  func aSwarmCompletesAfterItsSeedLeftWithOneCopyOut(seed: UInt64) {
    let harness = Self.twenty(seed: seed)
    let pieces = harness.geometry.pieceCount
    harness.run(until: Self.hour) { harness in
      harness.steps % 64 == 0
        && (0..<pieces).allSatisfy { piece in
          harness.hosts.dropFirst().contains { $0.swarm.have?[PieceIndex(piece)] == true }
        }
    }
    harness.leave(0)
    harness.run(until: Self.hour, isOver: Self.isOver)
    #expect(Self.isOver(harness), "seed \(seed)")
  }

  /// Half of the peers poison 30 % of what they send: every honest one completes, bans whoever
  /// spoiled a piece that came right later, and nobody else.
  @Test(arguments: UInt64(1)...60)
  func aSwarmHalfOfPoisonersCompletes(seed: UInt64) {
    let harness = SwarmHarness(
      hosts: 12, seeds: [0, 1, 2, 3, 4, 5], pieces: 24, blocksPerPiece: 6, candidates: 11,
      seed: seed)
    harness.checkEvery = 97
    let isPoisoner = { (host: Int) in host % 2 == 1 }
    for number in harness.hosts.indices where isPoisoner(number) {
      harness.hosts[number].poisonedPerHundred = 30
    }
    harness.run(until: Self.hour) { harness in
      harness.hosts.enumerated().allSatisfy { $0.element.isComplete || isPoisoner($0.offset) }
    }
    for (number, host) in harness.hosts.enumerated() where !isPoisoner(number) {
      #expect(host.isComplete, "seed \(seed): host \(number)")
      let banned = Set(harness.bans.filter { $0.by == number }.map(\.whom))
      #expect(host.convicts.isSubset(of: banned), "seed \(seed): host \(number)")
    }
    let innocents = harness.bans.filter { !isPoisoner($0.whom) }
    #expect(innocents.isEmpty, "seed \(seed): \(innocents)")
    #expect(harness.now < .zero + .seconds(60), "seed \(seed): \(harness.now)")
    Self.checkBytes(harness, seed)
  }

  @Test(arguments: UInt64(1)...2, [100, 33])
  func poisonersAreBannedAndHonestPeersNever(seed: UInt64, perHundred: Int) {
    let poisoners: Set<Int> = [1, 2, 3]
    let harness = SwarmHarness(
      hosts: 20, seeds: [0, 1, 2, 3], pieces: 40, blocksPerPiece: 4, candidates: 19, seed: seed)
    harness.checkEvery = 61
    for number in poisoners { harness.hosts[number].poisonedPerHundred = perHundred }
    harness.run(until: Self.hour, isOver: Self.isOver)
    #expect(Self.isOver(harness), "seed \(seed)")
    let banned = Set(harness.bans.map(\.whom))
    #expect(banned.isSubset(of: poisoners), "seed \(seed): \(banned)")
    #expect(banned == poisoners, "seed \(seed): \(banned)")
    Self.checkBytes(harness, seed)
  }

  /// Unoptimised, two thousand pieces take two minutes.
  #if DEBUG
    static let manyPieces = 300
  #else
    static let manyPieces = 2000
  #endif

  /// Two hundred peers, two thousand pieces: each message is one step, and there are few beside
  /// the requests, the blocks and the haves.
  @Test func aLargeSwarmCompletesInABoundedNumberOfSteps() {
    var configuration = SwarmConfiguration()
    configuration.mostPeers = 6
    let harness = SwarmHarness(
      hosts: 200, seeds: [0], pieces: Self.manyPieces, blocksPerPiece: 1, candidates: 20, seed: 1,
      configuration: configuration)
    harness.checkEvery = 50_000
    harness.run(until: Self.hour, isOver: Self.isOver)
    #expect(Self.isOver(harness))
    let blocks = 199 * Self.manyPieces
    // For each block: its request, itself, its leaving, its verification and six haves.
    #expect(harness.steps < blocks * 12, "\(harness.steps)")
  }
}
