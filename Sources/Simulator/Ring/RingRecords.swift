import ChordLogic
import ChordWire
import DeterministicCore
import TorrentModel

/// Torrents announced and looked for in a ring whose hosts come and go.
///
/// A record counts from the owner's word that it is kept until its life is over, and should be found
/// all that time, whoever has gone meanwhile.
private final class RecordKeeping {
  struct Record {
    var key: Identifier
    var peer: Endpoint
    var until: Moment
  }

  let world: RingWorld
  let infoHashes: [InfoHash]
  private var records: [[Endpoint: Moment]]
  /// Until when a record may be served: also one whose keeper's word got lost.
  private var mayLive: [[Endpoint: Moment]]
  private(set) var expected = 0
  private(set) var found = 0
  private(set) var stale = 0
  private(set) var unanswered = 0

  init(_ world: RingWorld, torrents: Int) {
    self.world = world
    infoHashes = (0..<torrents).compactMap { _ in InfoHash(bytes: world.randomKey().bytes) }
    records = Array(repeating: [:], count: torrents)
    mayLive = records
  }

  /// A member of the moment announces a torrent.
  func announce(_ place: Int) {
    let number = world.randomMember()
    let infoHash = infoHashes[place]
    world.lookUp(Identifier(infoHash.digest), by: number) { [unowned self] result in
      guard let owner = result.owner, world.number(of: owner) != number else { return }
      // Sent again for three seconds.
      mayLive[place][RingWorld.endpoint(number)] = world.now + RecordStore.peerLife + .seconds(5)
      world.ask(owner, .announcePeer(PeerAnnouncement(infoHash, port: nil)), by: number) { result in
        guard case .success = result else { return }
        self.records[place][RingWorld.endpoint(number)] = self.world.now + RecordStore.peerLife
      }
    }
  }

  /// A member of the moment looks for peers: asks the owner and, if that gives nothing, those behind.
  func look(for place: Int) {
    let number = world.randomMember()
    let key = Identifier(infoHashes[place].digest)
    // What the owner is just telling its neighbours may go with it.
    let now = world.now
    let margin = TimeSpan.seconds(10)
    let due = records[place].filter {
      $0.value > now + .seconds(30) && $0.value < now + RecordStore.peerLife - margin
    }
    world.lookUp(key, by: number) { [unowned self] result in
      let keepers = [result.owner].compactMap(\.self) + result.successors.prefix(4)
      read(keepers[...], by: number, place) { peers in
        guard let peers else {
          self.unanswered += 1
          return
        }
        self.expected += due.count
        self.found += due.keys.count { peers.contains($0) }
        self.stale += peers.count {
          (self.mayLive[place][$0] ?? .zero) < self.world.now
        }
      }
    }
  }

  private func read(
    _ keepers: ArraySlice<Contact>, by number: Int, _ place: Int,
    completion: @escaping ([Endpoint]?) -> Void
  ) {
    guard let keeper = keepers.first, world.hosts[number] != nil else { return completion(nil) }
    // A host that owns the key itself asks itself, which is no datagram.
    guard world.number(of: keeper) != number else {
      return read(keepers.dropFirst(), by: number, place, completion: completion)
    }
    world.ask(keeper, .getPeers(infoHashes[place]), by: number) { [unowned self] result in
      if case .success(.peers(let peers)) = result { return completion(peers) }
      var rest = keepers.dropFirst()
      if case .failure(let failure) = result, failure.code == .notOwner, let node = failure.node {
        rest = ArraySlice([node] + rest)
      }
      read(rest.prefix(8), by: number, place, completion: completion)
    }
  }

  /// Announces and looks for so long.
  func run(for span: TimeSpan) {
    let end = world.now + span
    while world.now < end {
      // Each torrent is announced twenty times within the life of a record.
      announce(world.random.below(infoHashes.count))
      look(for: world.random.below(infoHashes.count))
      world.run(for: .seconds(RecordStore.peerLife.seconds / 20 / Double(infoHashes.count)))
    }
    world.run(for: .seconds(60))
  }
}

extension RingScenario {
  static let records = RingScenario(
    "ring-records", "peer records found again over six hours, sessions of an hour", hosts: 1000
  ) { seed, hosts in
    var outcome = RingOutcome()
    keepRecords(hosts: hosts, hours: 6, rounds: (15, 45), torrents: 50, seed: seed, &outcome)
    return outcome
  }

  static let day = RingScenario(
    "ring-day", "ten thousand nodes over a day, sessions of an hour", hosts: 10_000
  ) { seed, hosts in
    var outcome = RingOutcome()
    keepRecords(hosts: hosts, hours: 24, rounds: (120, 240), torrents: 20, seed: seed, &outcome)
    return outcome
  }

  private static func keepRecords(
    hosts: Int, hours: Int, rounds: (Int, Int), torrents: Int, seed: UInt64,
    _ outcome: inout RingOutcome
  ) {
    var configuration = ChordConfiguration.fingers
    configuration.shortestRound = .seconds(rounds.0)
    configuration.longestRound = .seconds(rounds.1)
    let world = RingWorld(seed: seed, configuration: configuration)
    world.stand(hosts, knowsAll: false)
    world.churn(meanWait: .seconds(3600 / Double(hosts)), graceful: 0.5)
    let keeping = RecordKeeping(world, torrents: torrents)
    keeping.run(for: .minutes(60 * hours))
    outcome.add(world)
    outcome.add(
      RingFigure(
        "records found, %", published: "≥ 99.9",
        100 * Double(keeping.found) / Double(max(1, keeping.expected)), within: 99.9...100))
    outcome.add(RingFigure("records looked for", published: "–", Double(keeping.expected)))
    outcome.add(
      RingFigure(
        "records served past their life", published: "0", Double(keeping.stale), within: 0...0))
    outcome.add(
      RingFigure("searches that nobody answered", published: "–", Double(keeping.unanswered)))
  }

  /// Half of the ring on each side of a cut.
  static let partition = RingScenario(
    "ring-partition", "a ring cut in two for ten minutes becomes one again", hosts: 200
  ) { seed, hosts in
    var outcome = RingOutcome()
    var isCut = false
    let world = RingWorld(seed: seed, configuration: ChordConfiguration())
    world.isCut = { isCut && $0 % 2 != $1 % 2 }
    world.stand(hosts, knowsAll: true)
    world.run(for: .minutes(5))
    var items: [Item] = []
    for number in 0..<100 {
      guard let item = Item(value: Array("i\(number)e".utf8)) else { continue }
      items.append(item)
      let asker = world.randomMember()
      world.lookUp(item.target, by: asker) { result in
        guard let owner = result.owner else { return }
        world.ask(owner, .put(item, cas: nil), by: asker) { _ in }
      }
    }
    world.run(for: .minutes(2))
    isCut = true
    world.run(for: .minutes(10))
    isCut = false
    var periods = 0
    while world.rightSuccessors < world.members.count, periods < 100 {
      world.run(for: .seconds(30))
      periods += 1
    }
    world.run(for: .minutes(2))
    var lost = items.count
    for item in items {
      let asker = world.randomMember()
      world.lookUp(item.target, by: asker) { result in
        guard let owner = result.owner else { return }
        world.ask(owner, .get(item.target, newerThan: nil), by: asker) { answer in
          if case .success(.item(item)) = answer { lost -= 1 }
        }
      }
      world.run(for: .seconds(1))
    }
    world.run(for: .seconds(30))
    outcome.add(world)
    outcome.add(
      RingFigure(
        "stabilize periods until one ring", published: "≤ 10", Double(periods), within: 0...10))
    outcome.add(
      RingFigure("keys lost of \(items.count)", published: "0", Double(lost), within: 0...0))
    return outcome
  }

  /// A part of the members lies.
  static let liars = RingScenario(
    "ring-liars", "items read where some members lie, drop and misroute", hosts: 500
  ) { seed, hosts in
    var outcome = RingOutcome()
    for percent in [5, 10, 20] {
      let world = RingWorld(seed: seed, configuration: ChordConfiguration.fingers.still)
      world.stand(hosts, knowsAll: false)
      var items: [Item] = []
      for number in 0..<500 {
        guard let item = Item(value: Array("i\(number)e".utf8)) else { continue }
        items.append(item)
        let asker = world.randomMember()
        world.lookUp(item.target, by: asker) { result in
          guard let owner = result.owner else { return }
          world.ask(owner, .put(item, cas: nil), by: asker) { _ in }
        }
        world.run(for: .milliseconds(50))
      }
      world.run(for: .seconds(30))
      for host in world.hosts.compactMap(\.self) where world.random.below(100) < percent {
        host.isLiar = true
      }
      var (read, wrong) = (0, 0)
      for item in items {
        var asker = world.randomMember()
        while world.hosts[asker]?.isLiar == true { asker = world.randomMember() }
        world.lookUp(item.target, by: asker) { result in
          let keepers = [result.owner].compactMap(\.self) + result.successors
          RingReading(item.target, of: keepers, by: asker, in: world) { answer in
            guard let answer else { return }
            // The key follows from the value: whoever reads checks it.
            if answer == item { read += 1 } else { wrong += 1 }
          }.start()
        }
        world.run(for: .milliseconds(200))
      }
      world.run(for: .minutes(2))
      outcome.add(world)
      // One of the keepers that a quorum has is honest.
      let prediction = 100 * (1 - (0..<7).reduce(1.0) { part, _ in part * Double(percent) / 100 })
      outcome.add(
        RingFigure(
          "items read of \(items.count), \(percent) % lie, %",
          published: "≥ \(Int(prediction - 2))", 100 * Double(read) / Double(items.count),
          within: prediction - 2...100))
      outcome.add(
        RingFigure(
          "invalid values taken, \(percent) % lie", published: "0", Double(wrong), within: 0...0))
    }
    return outcome
  }
}
