import DeterministicCore
import PeerWire
import SwarmLogic
import Testing
import TorrentModel

@testable import Simulator

/// Several players of one film, from one seed.
@Suite struct ViewerTests {
  /// A swarm of viewers, or of the same hosts without anybody who watches.
  private struct Audience {
    var peers = 5
    var pieces = 64
    var isWatching = true
    /// Of the seed, beside a film of 1 MiB a second.
    var seedRate = 2 * Double.mebibyte
    var suggests = true
    /// Between one that comes and the next.
    var pause = TimeSpan.zero

    func run(seed: UInt64) -> Outcome {
      let size = Scenario.Size(
        peers: peers, pieces: pieces, pieceLength: 256 << 10, blockLength: 16 << 10)
      var generator = SeededGenerator(seed: seed)
      var plan = Scenario.viewers.plan(size, &generator)
      plan.hosts[0].link.uplink = seedRate
      for number in plan.hosts.indices.dropFirst() {
        if !isWatching { plan.hosts[number].playback = nil }
        plan.hosts[number].arrivesAt = .zero + pause * (number - 1)
      }
      var world = World(plan, seed: seed, checkEvery: 200)
      if !suggests {
        world.mutation = { _, effect in
          if case .send(_, .suggest) = effect { nil } else { effect }
        }
      }
      while world.run(events: 1 << 16) {}
      return world.outcome()
    }

    /// How much longer it takes until all are complete because they watch.
    func loss(seed: UInt64) throws -> (ratio: Double, Measures.Watching) {
      var plain = self
      plain.isWatching = false
      let (watching, without) = (run(seed: seed), plain.run(seed: seed))
      for outcome in [watching, without] {
        #expect(outcome.violations.isEmpty, "seed \(seed): \(outcome.violations.first ?? "")")
      }
      let ratio =
        try #require(watching.measures.lastSeconds) / #require(without.measures.lastSeconds)
      return (ratio, try #require(watching.measures.playback))
    }
  }

  /// A seed that gave each viewer a copy of its own would need two and a half times its uplink to be
  /// in time.
  @Test(arguments: 1...3 as ClosedRange<UInt64>)
  func `who plays along costs the swarm nothing and never stands still`(seed: UInt64) throws {
    let (ratio, playback) = try Audience().loss(seed: seed)
    #expect(ratio < 1.05, "seed \(seed): \(ratio) times as long as without players")
    #expect(playback.stalls == 0, "seed \(seed): \(playback)")
    #expect(try #require(playback.longestStart) < 3, "seed \(seed): \(playback)")
  }

  /// With a quarter more than the film needs.
  @Test func `a seed that is hardly faster than the film suffices for all`() throws {
    let (ratio, playback) = try Audience(seedRate: 1.25 * .mebibyte).loss(seed: 1)
    #expect(ratio < 1.1, "\(ratio)")
    #expect(playback.stalls == 0, "\(playback)")
  }

  @Test func `who comes later is given to by who came before`() throws {
    let (ratio, playback) = try Audience(pause: .seconds(3)).loss(seed: 1)
    #expect(ratio < 1.1, "\(ratio)")
    #expect(playback.stalls == 0, "\(playback)")
  }

  /// Other clients' seeds suggest nothing: viewers choose by chance what to have for each other.
  @Test(arguments: 1...3 as ClosedRange<UInt64>)
  func `without suggestions it costs some`(seed: UInt64) throws {
    let (ratio, playback) = try Audience(suggests: false).loss(seed: seed)
    #expect(ratio < 1.6, "seed \(seed): \(ratio)")
    #expect(playback.longestStalled < 3, "seed \(seed): \(playback)")
  }

  @Test func `fifteen viewers of one seed never stand still`() throws {
    let (ratio, playback) = try Audience(peers: 15).loss(seed: 1)
    #expect(ratio < 1.2, "\(ratio)")
    #expect(playback.stalls == 0, "\(playback)")
  }
}
