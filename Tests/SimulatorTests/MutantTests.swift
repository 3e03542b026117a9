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
    of scenario: Scenario = .flashCrowd, _ mutation: Mutation?
  ) -> [String] {
    var generator = SeededGenerator(seed: 1)
    var plan = scenario.plan(Self.size, &generator)
    plan.deadline = .zero + .minutes(60)
    var world = World(plan, seed: 1, checkEvery: 5)
    world.mutation = mutation
    while world.run(events: 10_000) {}
    return world.outcome().violations
  }

  @Test func `an honest swarm is not complained of`() {
    #expect(violations(nil).isEmpty)
    #expect(violations(of: .poisoners, nil).isEmpty)
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
