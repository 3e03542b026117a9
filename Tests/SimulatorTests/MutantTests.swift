import DeterministicCore
import PeerWire
import SwarmLogic
import Testing
import TorrentModel

@testable import Simulator

/// What if the decisions were wrong? Facts are changed on their way to the swarms, so that they
/// decide as a broken picker, choker or ban rule would; the invariants or the measures must tell.
@Suite struct MutantTests {
  private static let size = Scenario.Size(
    peers: 8, pieces: 24, pieceLength: 64 << 10, blockLength: 16 << 10)

  private func violations(
    of scenario: Scenario = .flashCrowd, queueing reqq: Int? = nil, _ mutation: Mutation?
  ) -> [String] {
    var generator = SeededGenerator(seed: 1)
    var plan = scenario.plan(Self.size, &generator)
    plan.deadline = .zero + .minutes(60)
    if let reqq { plan.configuration.mostQueuedRequests = reqq }
    var world = World(plan, seed: 1, checkEvery: 5)
    world.mutation = mutation
    while world.run(events: 10_000) {}
    return world.outcome().violations
  }

  @Test func `an honest swarm is not complained of`() {
    #expect(violations(nil).isEmpty)
    #expect(violations(of: .poisoners, nil).isEmpty)
    #expect(violations(queueing: 2, nil).isEmpty)
    #expect(violations(of: Self.twoSeeds, nil).isEmpty)
  }

  @Test func `a run that is looked at only at its end is judged, too`() {
    var generator = SeededGenerator(seed: 1)
    var world = World(Scenario.flashCrowd.plan(Self.size, &generator), seed: 1, checkEvery: 0)
    while world.run(events: 10_000) {}
    world.hosts[1].bytesLanded += 1
    let violations = world.outcome().violations
    #expect(violations.contains { $0.contains("bytes landed") })
  }

  @Test func `a pipeline that asks for more than its peers queue is found`() {
    // Nobody hears how much the others queue, and so takes it to be what most clients do.
    let found = violations(queueing: 2) { _, effect in
      guard case .send(_, .extended) = effect else { return effect }
      return nil
    }
    #expect(found.contains { $0.contains("which queues 2") })
  }

  @Test func `a picker that asks two peers for one block is found`() {
    var latest: (key: PeerKey, block: Block)?
    let found = violations(of: Self.twoSeeds) { _, effect in
      guard case .send(let key, .request(let block)) = effect else { return effect }
      if let latest, latest.key != key { return .send(key, .request(latest.block)) }
      latest = (key, block)
      return effect
    }
    #expect(found.contains { $0.contains("asks two hosts") })
  }

  private static let twoSeeds = Scenario("two-seeds", "one peer and two seeds", size: size) {
    size, _ in
    var plan = size.plan()
    plan.add(2, HostPlan(.seed, AccessLink(uplink: .mebibyte)))
    plan.add(1, HostPlan(.contributor, AccessLink(uplink: .mebibyte)))
    return plan
  }

  @Test func `a picker that asks for what a peer has not is found`() {
    let found = violations { _, effect in
      guard case .send(let key, .request(let block)) = effect else { return effect }
      let other = PieceIndex((block.piece.index + 1) % 24)
      return .send(
        key, .request(Block(piece: other, offset: block.offset, length: block.length)))
    }
    #expect(found.contains { $0.contains("which it has") })
  }

  @Test func `a picker that never asks is found`() {
    let found = violations { host, effect in
      if host == 3, case .send(_, .request) = effect { return nil }
      return effect
    }
    #expect(found.contains { $0.contains("are not complete") || $0.contains("gained nothing") })
  }

  @Test func `a choker that serves everybody is found`() {
    let found = violations { _, effect in
      guard case .send(let key, .choke) = effect else { return effect }
      return .send(key, .unchoke)
    }
    #expect(found.contains { $0.contains("slots") })
  }

  @Test func `a ban rule that convicts the wrong one is found`() {
    let found = violations(of: .poisoners) { _, effect in
      guard case .report(.peerBanned) = effect else { return effect }
      return .report(.peerBanned(World.endpoint(1), .corruptPiece, for: .minutes(1)))
    }
    #expect(found.contains { $0.contains("is honest and banned") })
  }

  @Test func `a ban rule that convicts nobody is found`() {
    let found = violations(of: .poisoners) { _, effect in
      guard case .report(.peerBanned) = effect else { return effect }
      return nil
    }
    #expect(found.contains { $0.contains("banned by nobody") })
  }

  @Test func `a failing run is made smaller and fails still`() throws {
    let impossible = Scenario("impossible", "asks for more than there is", size: Self.size) {
      size, generator in
      var plan = Scenario.flashCrowd.plan(size, &generator)
      plan.expectations = [.makespan(atLeast: 2)]
      return plan
    }
    let simulation = Simulation(impossible, size: Self.size, seed: 7, checkEvery: 0)
    let shrunk = try #require(simulation.shrunk())
    #expect(shrunk.simulation.size.peers < 8 && shrunk.simulation.size.pieces < 24)
    #expect(!shrunk.outcome.violations.isEmpty)
    #expect(shrunk.simulation.command.contains("--seed 7"))
  }
}
