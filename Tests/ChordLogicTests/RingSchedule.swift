import ChordWire
import DeterministicCore

@testable import ChordLogic

/// A random life of a small ring: nodes join, crash where the ring can bear it, and look keys up,
/// while every message takes its own time; then nothing happens until the ring is as it should be.
struct RingSchedule {
  struct Verdict {
    /// What did not hold after some step, or was not mended in the end.
    var broken: [String] = []
    var steps = 0
    var joins = 0
    var crashes = 0
    var lookups = 0
    var answered = 0
    var wrong = 0
  }

  private struct Pending {
    var target: Identifier
    /// Hosts that were principal when the question was asked.
    var principals: [Int]
    var askedAt: Moment
  }

  /// Alive at once, and in all.
  static let mostLiving = 9
  static let mostHosts = 24
  let r: Int
  let model: RingModel
  /// Milliseconds between two deeds at most: some rings live calmly, in others much happens while
  /// one message is on its way.
  private let pace: Int
  private var verdict = Verdict()
  private var asked: [Pending] = []
  /// Whom a joiner was told of.
  private var entries: [Int: [Int]] = [:]
  private var judged = 0

  init(seed: UInt64, r: Int, rules: ChordRules = ChordRules()) {
    self.r = r
    var configuration = RingModel.quick(r)
    // Half of the rings are known whole, half are not.
    configuration.largestWholeRing = seed.isMultiple(of: 2) ? 10_000 : 0
    pace = [400, 1500, 5000][Int(seed % 3)]
    model = RingModel(seed: seed, configuration: configuration, rules: rules)
    model.usesCodec = seed.isMultiple(of: 16)
  }

  mutating func run() -> Verdict {
    model.standingRing(of: r + 1)
    let end = model.now + .milliseconds(min(24 * pace, 30_000))
    var nextAction = model.now + .milliseconds(model.random.below(pace))
    while model.now < end, verdict.broken.isEmpty {
      if nextAction <= min(model.nextEventAt, end) {
        model.now = max(model.now, nextAction)
        act()
        check()
        nextAction = model.now + .milliseconds(model.random.below(pace))
      } else if model.step(until: end) {
        check()
        judge()
      }
    }
    settle()
    verdict.steps = model.steps
    return verdict
  }

  private mutating func check() {
    guard verdict.broken.isEmpty else { return }
    verdict.broken = model.brokenInvariants(r: r)
  }

  private mutating func act() {
    switch model.random.below(4) {
    case 0 where model.living.count < Self.mostLiving && model.hosts.count < Self.mostHosts:
      var told = model.members
      model.random.shuffle(&told)
      let host = model.addHost()
      entries[host] = told
      model.tell(host, .start(via: told.map { model.hosts[$0].contact.endpoint }))
      verdict.joins += 1
    case 1, 2:
      let living = model.living
      let host = living[model.random.below(living.count)]
      guard model.isLegalCrash(of: host, r: r), !strands(host) else { return }
      model.crash(host)
      verdict.crashes += 1
    default:
      let members = model.members
      let host = members[model.random.below(members.count)]
      let target = model.randomIdentifier()
      asked.append(Pending(target: target, principals: principals, askedAt: model.now))
      verdict.lookups += 1
      model.tell(host, .lookup(UInt64(asked.count - 1), target))
      judge()
    }
  }

  /// Whether a joiner would be left that knows of nobody alive: no protocol gets it in.
  private func strands(_ crashing: Int) -> Bool {
    let (living, members) = (Set(model.living), Set(model.members))
    return entries.contains { joiner, told in
      joiner != crashing && living.contains(joiner) && !members.contains(joiner)
        && !told.contains { $0 != crashing && living.contains($0) }
    }
  }

  /// Members that every other member knows of where it should.
  private var principals: [Int] {
    let sorted = model.members.sorted {
      model.hosts[$0].contact.id < model.hosts[$1].contact.id
    }
    return sorted.indices.filter { place in
      let before = sorted[(place + sorted.count - 1) % sorted.count]
      let host = sorted[place]
      return model.hosts[before].node.successors.first == model.hosts[host].contact
        && model.hosts[host].node.predecessor == model.hosts[before].contact
    }.map { sorted[$0] }
  }

  /// An answer is wrong when it names a node that was dead before the question, or passes over one
  /// that stood firmly in the ring all the time.
  private mutating func judge() {
    while judged < model.found.count {
      let (number, outcome) = model.found[judged]
      judged += 1
      guard let owner = outcome.owner else { continue }
      verdict.answered += 1
      let question = asked[Int(number)]
      if let host = model.hosts.first(where: { $0.contact == owner }),
        host.crashedAt < question.askedAt
      {
        verdict.wrong += 1
        continue
      }
      let firm = Set(question.principals).intersection(principals)
      let isWrong = firm.contains { host in
        let id = model.hosts[host].contact.id
        return id != owner.id
          && (id == question.target || Identifier.between(question.target, id, owner.id))
      }
      if isWrong { verdict.wrong += 1 }
    }
  }

  /// Nobody comes or goes any more: the ring has to become perfect.
  private mutating func settle() {
    guard verdict.broken.isEmpty else { return }
    let end = model.now + .seconds(240)
    while model.now < end {
      for _ in 0..<60 where model.step(until: end) {
        check()
        judge()
        guard verdict.broken.isEmpty else { return }
      }
      if model.flaws(r: r).isEmpty { return }
    }
    verdict.broken = model.flaws(r: r)
  }
}
