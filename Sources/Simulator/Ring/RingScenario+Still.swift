import ChordLogic
import ChordWire
import DeterministicCore
import TorrentModel

// Rings in which nobody comes or goes.
extension RingScenario {
  /// Stoica et al., SIGCOMM 2001, section 6.3.
  static let path = RingScenario(
    "ring-path", "how many nodes a lookup asks, in rings of 8 to 16384", hosts: 16384
  ) { seed, hosts in
    var outcome = RingOutcome()
    var count = 8
    while count <= hosts {
      let logarithm = RingWorld.logarithm(Double(count))
      let one = hops(in: count, successors: 1, seed: seed, &outcome)
      let half = logarithm / 2
      outcome.add(
        RingFigure(
          "hops to the predecessor, N = \(count)", published: "½·log₂N = \(half)",
          one.toPredecessor,
          within: 0...half + 0.2))
      if count >= 256 {
        let many = hops(in: count, successors: 16, seed: seed, &outcome)
        outcome.add(
          RingFigure(
            "hops to the owner, N = \(count), r = 16",
            published: "½·log₂N − ½·log₂r + 1 = \(half - 1)",
            many.toOwner, within: 0...half - 1 + 0.15))
      }
      count *= 2
    }
    return outcome
  }

  /// One question at a time, so that hops are those of one path.
  private static func hops(
    in count: Int, successors: Int, seed: UInt64, _ outcome: inout RingOutcome
  ) -> (toPredecessor: Double, toOwner: Double) {
    var configuration = ChordConfiguration.fingers.still
    configuration.successors = successors...successors
    configuration.parallelProbes = 1
    var (before, owners) = (Readings(), Readings())
    // Small rings leave much to the draw of the identifiers: several are drawn.
    for round in 0..<max(1, 512 / count) {
      let world = RingWorld(
        seed: seed &+ UInt64(round) << 32, configuration: configuration,
        latency: .fixed(.milliseconds(20)))
      world.stand(count, knowsAll: false)
      for _ in 0..<max(100, min(4000, count * 4)) {
        world.lookUp(world.randomKey(), by: world.randomMember()) { result in
          guard result.owner != nil else { return }
          owners.add(Double(result.hops))
          before.add(Double(max(0, result.hops - 1)))
        }
        world.run(for: .milliseconds(10))
      }
      world.run(for: .seconds(30))
      outcome.add(world)
    }
    return (before.mean, owners.mean)
  }

  /// Stoica et al., SIGCOMM 2001, section 6.2.
  static let load = RingScenario(
    "ring-load", "how evenly a million keys fall on hosts of one or more nodes each", hosts: 10_000
  ) { seed, hosts in
    var outcome = RingOutcome()
    for (nodes, published) in [
      (1, "p99 4.3–5.0"), (8, "–"), (10, "p99 ≤ 2.1"), (20, "p99 ≤ 1.75, p1 ≥ 0.45"),
    ] {
      let shares = shares(of: 1_000_000, hosts: hosts, nodes: nodes, seed: seed)
      let most = shares.quantile(0.99) / shares.mean
      let bound: ClosedRange<Double>? =
        switch nodes {
        case 1: 4.3...5.0
        case 10: 0...2.1
        case 20: 0...1.75
        default: nil
        }
      outcome.add(
        RingFigure(
          "keys of a host, p99 over mean, v = \(nodes)", published: published, most, within: bound))
      if nodes == 20 {
        outcome.add(
          RingFigure(
            "keys of a host, p1 over mean, v = 20", published: "≥ 0.45",
            shares.quantile(0.01) / shares.mean, within: 0.45...1))
      }
      // What is due to the rule that binds identifiers to addresses, and what to chance.
      let drawn = RingScenario.shares(
        of: 1_000_000, hosts: hosts, nodes: nodes, areBound: false, seed: seed)
      outcome.add(
        RingFigure(
          "the same by drawn identifiers, v = \(nodes)", published: published,
          drawn.quantile(0.99) / drawn.mean))
    }
    return outcome
  }

  /// - Parameter areBound: identifiers follow from addresses, as in an open ring.
  private static func shares(
    of keys: Int, hosts: Int, nodes: Int, areBound: Bool = true, seed: UInt64
  ) -> Readings {
    var random = SeededGenerator(seed: seed &+ UInt64(nodes))
    var places: [(id: Identifier, host: Int)] = []
    for host in 0..<hosts {
      var endpoint = Endpoint(.v4(0), port: 6881)
      for node in 0..<nodes {
        let number = node % Identifier.mostNodesPerEndpoint
        // More than eight nodes need a second address.
        if number == 0 { endpoint.address = .v4(0x1000_0000 + UInt32(random.below(0x8000_0000))) }
        let drawn = Identifier(
          high: UInt32(truncatingIfNeeded: random.next()), middle: random.next(), low: random.next()
        )
        let id = areBound ? Identifier.ofNode(at: endpoint, number: number) : drawn
        places.append((id, host))
      }
    }
    places.sort { $0.id < $1.id }
    var counts = Array(repeating: 0, count: hosts)
    for _ in 0..<keys {
      let key = Identifier(
        high: UInt32(truncatingIfNeeded: random.next()), middle: random.next(), low: random.next())
      var (low, high) = (0, places.count)
      while low < high {
        let middle = (low + high) / 2
        if places[middle].id < key { low = middle + 1 } else { high = middle }
      }
      counts[places[low == places.count ? 0 : low].host] += 1
    }
    var sample = Readings()
    for count in counts { sample.add(Double(count)) }
    return sample
  }

  /// Stoica et al., ToN 2003, section 6: what half of the nodes leave behind.
  static let crash = RingScenario(
    "ring-crash", "a part of a thousand nodes is gone at once, before anybody mends", hosts: 1000
  ) { seed, hosts in
    var outcome = RingOutcome()
    let published: [(part: Double, path: Double, timeouts: Double)] = [
      (0, 3.84, 0), (0.1, 4.03, 0.60), (0.2, 4.22, 1.17), (0.3, 4.44, 2.02), (0.4, 4.69, 3.23),
      (0.5, 5.09, 5.10),
    ]
    for row in published {
      var configuration = ChordConfiguration.fingers.still
      configuration.successors = 20...20
      let world = RingWorld(
        seed: seed, configuration: configuration, latency: .fixed(.milliseconds(20)))
      world.stand(hosts, knowsAll: false)
      for number in 0..<hosts where world.random.fraction() < row.part { world.crash(number) }
      var (path, timeouts, failed) = (Readings(), Readings(), 0)
      for _ in 0..<10_000 {
        let key = world.randomKey()
        world.lookUp(key, by: world.randomMember()) { result in
          // An owner whose predecessor is gone finds out in a few seconds: before that nobody says
          // that the key is his, and those behind him are the answer.
          let owner = result.owner ?? result.successors.first
          if owner != world.owner(of: key) { failed += 1 }
          path.add(Double(result.hops))
          timeouts.add(Double(result.timeouts))
        }
        world.run(for: .milliseconds(5))
      }
      world.run(for: .seconds(60))
      outcome.add(world)
      let percent = Int(row.part * 100)
      outcome.add(
        RingFigure(
          "path, \(percent) % gone", published: "\(row.path)", path.mean, within: 0...row.path * 1.1
        ))
      outcome.add(
        RingFigure(
          "timeouts, \(percent) % gone", published: "\(row.timeouts)", timeouts.mean,
          within: 0...row.timeouts * 1.1 + 0.001))
      outcome.add(
        RingFigure(
          "failed of 10⁴, \(percent) % gone", published: "0", Double(failed), within: 0...0))
    }
    return outcome
  }

  /// Stoica et al., SIGCOMM 2001, section 6.6: a prototype on the internet.
  static let latency = RingScenario(
    "ring-latency", "how long a lookup takes where a round trip takes 60 ms", hosts: 180
  ) { seed, hosts in
    var outcome = RingOutcome()
    for knowsAll in [false, true] {
      let configuration = (knowsAll ? ChordConfiguration() : .fingers).still
      let world = RingWorld(
        seed: seed, configuration: configuration, latency: .fixed(.milliseconds(30)))
      world.stand(hosts, knowsAll: knowsAll)
      var (times, first) = (Readings(), Readings())
      for _ in 0..<4000 {
        let start = world.now
        world.lookUp(world.randomKey(), by: world.randomMember()) { result in
          times.add((world.now - start).seconds * 1000)
          first.add(result.owner != nil && result.hops <= 1 ? 1 : 0)
        }
        world.run(for: .milliseconds(20))
      }
      world.run(for: .seconds(30))
      outcome.add(world)
      if knowsAll {
        outcome.add(
          RingFigure(
            "median by full membership, ms", published: "≤ 1.1 round trips", times.median,
            within: 0...66))
        outcome.add(
          RingFigure(
            "right at the first try", published: "≥ 99 %", first.mean * 100, within: 99...100))
      } else {
        outcome.add(
          RingFigure(
            "median by fingers, ms", published: "285 ± 15 %", times.median, within: 0...328))
      }
    }
    return outcome
  }

  /// Dabek et al., NSDI 2004.
  static let proximity = RingScenario(
    "ring-proximity", "how much longer a lookup takes than the way there and back", hosts: 1024
  ) { seed, hosts in
    var outcome = RingOutcome()
    for chooses in [false, true] {
      var configuration = ChordConfiguration.fingers
      configuration.successors = 16...16
      if !chooses { configuration = configuration.still }
      let world = RingWorld(
        seed: seed, configuration: configuration, latency: .cube(edge: .milliseconds(100)))
      world.stand(hosts, knowsAll: false)
      // Each round looks after one finger.
      if chooses { world.run(for: .minutes(20)) }
      var (total, direct) = (0.0, 0.0)
      for _ in 0..<4000 {
        let (start, asker) = (world.now, world.randomMember())
        world.lookUp(world.randomKey(), by: asker) { result in
          guard let owner = result.owner.flatMap({ world.number(of: $0) }), owner != asker else {
            return
          }
          total += (world.now - start).seconds
          direct += 2 * world.latency.delay(from: asker, to: owner, random: &world.random).seconds
        }
        world.run(for: .milliseconds(20))
      }
      world.run(for: .seconds(30))
      outcome.add(world)
      outcome.add(
        RingFigure(
          chooses ? "stretch, nearest of 16 fingers" : "stretch, any fingers",
          published: chooses ? "≤ 2.6" : "4.0", total / direct, within: chooses ? 0...2.6 : nil))
    }
    return outcome
  }
}
