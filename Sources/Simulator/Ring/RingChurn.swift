import ChordLogic
import ChordWire
import DeterministicCore
import TorrentModel

extension RingWorld {
  /// Lets hosts come and go for as long as the world runs: a member goes after so long on average,
  /// and another host comes at once.
  ///
  /// - Parameter graceful: the part of those that say goodbye.
  func churn(meanWait: TimeSpan, graceful: Double, least: Int = 8) {
    after(waiting(meanWait)) { [unowned self] in
      if members.count > least {
        let number = randomMember()
        if random.fraction() < graceful { leave(number) } else { crash(number) }
      }
      join()
      churn(meanWait: meanWait, graceful: graceful, least: least)
    }
  }

  /// A newcomer, by way of three members.
  func join() {
    let entrances = (0..<3).map { _ in RingWorld.endpoint(randomMember()) }
    tell(addHost(), .start(via: entrances))
  }

  /// How many members have the next one as their successor.
  var rightSuccessors: Int {
    members.indices.count { place in
      let next = members[(place + 1) % members.count]
      guard let number = number(of: members[place]), let host = hosts[number] else { return false }
      return host.node.successors.first == next
    }
  }
}

// Rings in which hosts come and go.
extension RingScenario {
  private static let churnRates: [(rate: Double, published: Int)] = [
    (0.05, 1), (0.1, 1), (0.2, 5), (0.3, 8), (0.4, 15),
  ]

  /// Stoica et al., ToN 2003, section 6: joins and crashes at these rates.
  static let churn = RingScenario(
    "ring-churn", "lookups that went wrong while nodes come and crash", hosts: 1000
  ) { seed, hosts in
    var outcome = RingOutcome()
    for row in churnRates {
      let wrong = wrongLookups(
        rate: row.rate, hosts: hosts, rules: ChordRules(), seed: seed, &outcome)
      outcome.add(
        RingFigure(
          "wrong of 10⁴, \(row.rate) joins and crashes a second", published: "≤ \(row.published)",
          wrong.wrong, within: 0...Double(row.published)))
      outcome.add(
        RingFigure(
          "without an answer of 10⁴, \(row.rate) a second", published: "–", wrong.unanswered))
    }
    return outcome
  }

  /// The same with the owner check taken away, to see what it is worth.
  static let churnUnchecked = RingScenario(
    "ring-churn-unchecked", "the same when owners are not asked whether they are", hosts: 1000
  ) { seed, hosts in
    var outcome = RingOutcome()
    var rules = ChordRules()
    rules.ownersAreAsked = false
    let wrong = wrongLookups(rate: 0.05, hosts: hosts, rules: rules, seed: seed, &outcome)
    outcome.add(
      RingFigure(
        "wrong of 10⁴, 0.05 joins and crashes a second", published: "≥ 50", wrong.wrong,
        within: 50...10_000))
    return outcome
  }

  private static func wrongLookups(
    rate: Double, hosts: Int, rules: ChordRules, seed: UInt64, _ outcome: inout RingOutcome
  ) -> (wrong: Double, unanswered: Double) {
    var configuration = ChordConfiguration.fingers
    configuration.quickestRound = rules.ownersAreAsked ? configuration.quickestRound : nil
    let world = RingWorld(seed: seed, configuration: configuration, rules: rules)
    world.stand(hosts, knowsAll: false)
    world.churn(meanWait: .seconds(1 / rate), graceful: 0)
    world.run(for: .minutes(10))
    var (wrong, unanswered, asked) = (0, 0, 0)
    for _ in 0..<10_000 {
      let key = world.randomKey()
      let before = world.owner(of: key)
      asked += 1
      world.lookUp(key, by: world.randomMember()) { result in
        guard let owner = result.owner else {
          unanswered += 1
          return
        }
        // Right is who owned the key at some time of the lookup.
        if owner != before, owner != world.owner(of: key) { wrong += 1 }
      }
      world.run(for: .milliseconds(200))
    }
    world.run(for: .seconds(30))
    outcome.add(world)
    return (Double(wrong), Double(unanswered))
  }

  /// Gupta, Liskov and Rodrigues, NSDI 2004: the cost of knowing everybody.
  static let news = RingScenario(
    "ring-news", "bytes that full membership costs, sessions of an hour", hosts: 500
  ) { seed, hosts in
    var outcome = RingOutcome()
    var rates: [Double] = []
    for churns in [false, true] {
      let world = RingWorld(seed: seed, configuration: ChordConfiguration())
      world.stand(hosts, knowsAll: true)
      if churns { world.churn(meanWait: .seconds(3600 / Double(hosts)), graceful: 0) }
      world.run(for: .minutes(10))
      world.countsBytes = true
      world.run(for: .minutes(20))
      rates.append(Double(world.byteCount) / Double(hosts) / 1200)
      if churns {
        let known = world.members.compactMap { world.number(of: $0) }
          .compactMap { world.hosts[$0]?.node.memberCount }
        let share = Double(known.reduce(0, +)) / Double(max(1, known.count)) / Double(hosts)
        outcome.add(
          RingFigure("members known, % of all", published: "–", share * 100, within: 95...105))
      }
      outcome.add(world)
    }
    let budget = 1.2 * newsBudget(hosts: hosts)
    outcome.add(RingFigure("bytes a second and node, calm", published: "–", rates[0]))
    outcome.add(
      RingFigure(
        "bytes a second and node for news", published: "≤ \(Int(budget))", rates[1] - rates[0],
        within: -1...budget))
    return outcome
  }

  /// r·m + (v/T)(1 + Σ(1 − e^(−rT/2^l))), in bytes a second: r events of m bytes, batches of v bytes
  /// around them every T seconds.
  private static func newsBudget(hosts: Int) -> Double {
    let events = 2 * Double(hosts) / 3600
    let (batch, contact, packet) = (10.0, 26.0, 330.0)
    var sum = 1.0
    var level = 1.0
    while level < Double(hosts) {
      level *= 2
      sum += 1 - exponential(-events * batch / level)
    }
    return events * contact + packet / batch * sum
  }

  private static func exponential(_ x: Double) -> Double {
    var (term, sum) = (1.0, 1.0)
    for power in 1..<60 {
      term *= x / Double(power)
      sum += term
    }
    return sum
  }
}
