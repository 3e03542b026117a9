public import ChordWire
import DeterministicCore
import TorrentModel

/// Lookups under way.
extension ChordNode {
  mutating func look(
    up target: Identifier, for purpose: LookupPurpose, via first: [Contact] = [], at now: Moment,
    into effects: inout [ChordEffect]
  ) {
    guard lookups.count < Self.mostLookups else {
      if case .client(let number) = purpose {
        effects.append(
          .found(number, LookupOutcome(owner: nil, successors: [], hops: 0, timeouts: 0)))
      }
      return
    }
    nextLookup &+= 1
    var lookup = Lookup(
      number: nextLookup, target: target, purpose: purpose, rules: rules,
      ringSize: stabilizer.isMember ? ringSize : 0, at: now)
    if first.isEmpty {
      seed(&lookup, at: now)
    } else {
      lookup.addPreceding(first, hops: 1)
    }
    let knowsNobody = lookup.isExhausted
    lookups.append(lookup)
    if !stabilizer.isMember, knowsNobody {
      askStrangers(for: lookup.number, at: now, into: &effects)
    }
    advanceLookups(at: now, into: &effects)
  }

  /// Puts into a lookup what is known here.
  private func seed(_ lookup: inout Lookup, at now: Moment) {
    let target = lookup.target
    guard stabilizer.isMember else {
      // A joiner goes by what it is told anew; a leaf has nobody but those it once heard from.
      guard lookup.purpose != .join else { return }
      let known = remembered.contacts.filter { !suspicion.isSuspected($0.endpoint, at: now) }
      lookup.addPreceding(
        Array(
          known.sorted { $0.id.distance(to: target) < $1.id.distance(to: target) }.prefix(8)),
        hops: 1)
      return
    }
    if stabilizer.owns(target) {
      lookup.finishOwned(successors: stabilizer.successors.contacts, by: own)
      return
    }
    if let owners = successors(from: target, at: now) {
      lookup.addOwners(Array(owners.prefix(8)), hops: 1)
      if owners.first?.id == stabilizer.successors.first?.id { return }
    }
    if knowsWholeRing {
      let owners = members.following(target, most: 3)
      lookup.addOwners(
        owners.filter { $0.id != own.id && !suspicion.isSuspected($0.endpoint, at: now) }, hops: 1)
    }
    lookup.addPreceding(preceding(target, most: 8, at: now), hops: 1)
  }

  /// A joiner and a fresh leaf know endpoints only: whoever answers there is asked on.
  private mutating func askStrangers(
    for number: UInt32, at now: Moment, into effects: inout [ChordEffect]
  ) {
    let endpoints: [Endpoint]
    switch phase {
    case .joining(let known), .leaf(let known): endpoints = known
    case .idle, .member, .left: return
    }
    for endpoint in endpoints.prefix(Self.strangersAtOnce) {
      ask(
        endpoint, nil, .next(NextRequest(own.id)), for: .lookup(number, isConfirming: false),
        at: now, into: &effects)
    }
    // The next try begins elsewhere.
    let others = Array(
      endpoints.dropFirst(Self.strangersAtOnce) + endpoints.prefix(Self.strangersAtOnce))
    if case .leaf = phase { phase = .leaf(via: others) } else { phase = .joining(via: others) }
  }

  /// Endpoints tried side by side: some of those remembered are gone.
  private static let strangersAtOnce = 4

  mutating func update(lookup number: UInt32, _ change: (inout Lookup) -> Void) {
    guard let place = lookups.firstIndex(where: { $0.number == number }) else { return }
    change(&lookups[place])
  }

  mutating func take(
    _ hop: NextHop, from probe: Lookup.Probe, for number: UInt32, at now: Moment,
    into effects: inout [ChordEffect]
  ) {
    update(lookup: number) { lookup in
      // An answer from an endpoint that was no more than an endpoint so far.
      if !probe.isConfirming { lookup.meet(probe.contact) }
      lookup.take(hop, from: probe)
    }
    advanceLookups(at: now, into: &effects)
  }

  mutating func advanceLookups(at now: Moment, into effects: inout [ChordEffect]) {
    var place = 0
    while place < lookups.count {
      if let outcome = lookups[place].outcome {
        let purpose = lookups.remove(at: place).purpose
        end(purpose, outcome, at: now, into: &effects)
        place = 0
      } else if lookups[place].startedAt + configuration.lookupDeadline <= now {
        lookups[place].giveUp()
      } else {
        advance(place, at: now, into: &effects)
        if lookups[place].outcome == nil { place += 1 }
      }
    }
  }

  private mutating func advance(
    _ place: Int, at now: Moment, into effects: inout [ChordEffect]
  ) {
    if let moment = lookups[place].restartAt, moment <= now {
      var lookup = lookups[place]
      lookup.restart()
      seed(&lookup, at: now)
      lookups[place] = lookup
      if lookups[place].purpose == .join || lookups[place].purpose == .merge {
        // Nothing is known here to begin from.
        lookups[place].giveUp()
      } else if lookups[place].isExhausted {
        askStrangers(for: lookups[place].number, at: now, into: &effects)
      }
    }
    // A joiner's first questions go to endpoints without a name and are not the lookup's yet.
    let number = lookups[place].number
    let isWaiting = pending.queries.contains {
      $0.receiver == nil && $0.purpose == .lookup(number, isConfirming: false)
    }
    // Nobody waits for what a node looks up for itself.
    let probes = lookups[place].purpose.isUpkeep ? 1 : configuration.parallelProbes
    while let probe = lookups[place].nextProbe(
      most: probes, slow: configuration.slowProbe, isWaiting: isWaiting,
      at: now)
    {
      let request = NextRequest(lookups[place].target, isConfirming: probe.isConfirming)
      ask(
        probe.contact, .next(request), for: .lookup(number, isConfirming: probe.isConfirming),
        at: now, into: &effects)
    }
    // A joiner rather tries elsewhere.
    if lookups[place].purpose != .join, let contact = lookups[place].takeNeighbourQuestion() {
      ask(contact, .state, for: .neighbours(number), at: now, into: &effects)
    }
  }

  /// Whoever, as far as a lookup under way has found, owns its key or comes next behind it, nearest
  /// first, none of them sworn to: for a reader, who would rather ask a copy now than the owner
  /// later.
  public func believedOwners(ofLookup number: UInt64) -> [Contact] {
    lookups.first { $0.purpose == .client(number) }?.believedOwners ?? []
  }

  /// The node nearest before the key of a lookup under way that has answered.
  public func nearestAnswered(inLookup number: UInt64) -> Contact? {
    lookups.first { $0.purpose == .client(number) }?.nearestAnswered
  }

  /// Drops a lookup whose answer nobody waits for any more.
  public mutating func abandon(lookup number: UInt64) {
    lookups.removeAll { $0.purpose == .client(number) }
  }

  private mutating func end(
    _ purpose: LookupPurpose, _ outcome: LookupOutcome, at now: Moment,
    into effects: inout [ChordEffect]
  ) {
    switch purpose {
    case .client(let number): effects.append(.found(number, outcome))
    case .join: joinFound(outcome, at: now, into: &effects)
    case .finger(let interval): choose(interval, outcome, at: now, into: &effects)
    case .merge: merge(outcome, at: now, into: &effects)
    }
  }

  // MARK: Fingers

  /// Looks whether the finger of one interval lives, the farthest first, and after a finger for one
  /// that has none; those within the successor list need none.
  mutating func refreshFinger(at now: Moment, into effects: inout [ChordEffect]) {
    guard !knowsWholeRing, let last = stabilizer.successors.contacts.last,
      stabilizer.successors.count >= stabilizer.length,
      let nearest = own.id.distance(to: last.id).logarithm
    else { return }
    nextFinger = nextFinger > nearest ? nextFinger - 1 : 159
    if let finger = fingers[nextFinger], finger.isChosen {
      ask(finger.contact, .ping, for: .fingerCheck, at: now, into: &effects)
    }
    for _ in nearest...159 {
      nextChoice = nextChoice > nearest ? nextChoice - 1 : 159
      guard fingers[nextChoice]?.isChosen != true else { continue }
      let start = own.id.advanced(by: .power(nextChoice))
      look(up: start, for: .finger(nextChoice), at: now, into: &effects)
      return
    }
  }

  /// The owner of an interval's start and its successors are all as good as fingers: the one that
  /// answers soonest is taken, so each is asked.
  private mutating func choose(
    _ interval: Int, _ outcome: LookupOutcome, at now: Moment, into effects: inout [ChordEffect]
  ) {
    let candidates = [outcome.owner].compactMap(\.self) + outcome.successors
    fingers.noteChoice(in: interval)
    for contact in candidates.prefix(configuration.fingerCandidates)
    where fingers.interval(of: contact.id) == interval && fingers[interval]?.contact != contact {
      ask(contact, .ping, for: .fingerCheck, at: now, into: &effects)
    }
  }
}
