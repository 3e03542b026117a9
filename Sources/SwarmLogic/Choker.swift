public import DeterministicCore

/// Decides whom we upload to: tit-for-tat as Cohen described it (2003), and when we have everything
/// a service of all who want it.
///
/// While we download, the regular slots go to the interested peers that sent us most in the last
/// 20 seconds, renewed every 10; one more slot, the optimistic one, goes to a peer drawn at random
/// every 30 seconds, which lets newcomers show what they give. Who could give and has given nothing
/// by the next round had its chance: the slot stays empty for the rest of the 30 seconds, and those
/// who give share what it would have taken. `SeedingOrder` says who is served when we seed.
///
/// The invariant: the unchoked peers, as the changes returned leave them, are never more than
/// `slotCount` if the candidates' own flags were; interested peers come before others.
public struct Choker: Sendable {
  /// How long regular slots are held at least.
  public static let roundLength = TimeSpan.seconds(10)
  /// How long an optimistic slot is held.
  public static let optimisticLength = TimeSpan.seconds(30)
  /// The slots of a client with a home connection (Cohen, 2003).
  public static let defaultRegularSlots = 4
  /// How much likelier a peer that has just come is to be drawn (Cohen, 2003).
  static let newPeerWeight = 3
  /// How much likelier one that may give is to be drawn while we download: it has given before, or
  /// has nothing yet that it could have given.
  static let giverWeight = 8

  /// The most peers the automatic rule serves at once.
  static let mostAutomaticSlots = 50

  /// What the choker knows of a connected peer.
  public struct Candidate: Sendable {
    public var id: PeerKey
    /// It wants pieces of us.
    public var isInterested: Bool
    /// We do not choke it.
    public var isUnchoked: Bool
    /// It takes our requests and has sent nothing for 60 s.
    public var isSnubbed: Bool
    /// It has pieces we want, and so could give something back.
    public var isWanted: Bool
    /// It has sent us a piece's worth at least, or passed on what a seed gave to it alone.
    public var hasGiven: Bool
    /// Bytes a second it sent us over 20 s.
    public var receiveRate: Double
    /// Bytes a second we sent it over 20 s.
    public var sendRate: Double
    public var connectedAt: Moment
    /// When we last choked or unchoked it; when it connected, if never.
    public var changedAt: Moment

    public init(
      id: PeerKey, isInterested: Bool, isUnchoked: Bool, isSnubbed: Bool = false,
      isWanted: Bool = false, hasGiven: Bool = false,
      receiveRate: Double = 0, sendRate: Double = 0, connectedAt: Moment, changedAt: Moment
    ) {
      self.id = id
      self.isInterested = isInterested
      self.isUnchoked = isUnchoked
      self.isSnubbed = isSnubbed
      self.isWanted = isWanted
      self.hasGiven = hasGiven
      self.receiveRate = receiveRate
      self.sendRate = sendRate
      self.connectedAt = connectedAt
      self.changedAt = changedAt
    }
  }

  /// What is to be done, in this order, so that the slots are never exceeded.
  public struct Changes: Equatable, Sendable {
    public var choke: [PeerKey] = []
    public var unchoke: [PeerKey] = []

    public init() {}
  }

  /// Regular slots; 0 has them follow our upload rate.
  public var regularSlots: Int
  public var optimisticSlots: Int
  /// When `reevaluate` is due.
  public private(set) var nextRound: Moment
  /// Slots of both kinds, as of the last decision.
  public private(set) var slotCount: Int

  private var nextRotation: Moment
  /// The peers that hold optimistic slots.
  private var optimistic: [PeerKey] = []
  /// Who held one and gave nothing back: their slots stay empty until the next rotation.
  private var ungrateful: [PeerKey] = []
  private var withheld: Int { min(ungrateful.count, optimisticSlots) }

  /// - Precondition: neither number is negative, and they are not both zero unless nobody is to be
  ///   served: 0 regular slots means automatic.
  public init(
    regularSlots: Int = defaultRegularSlots, optimisticSlots: Int = 1, startingAt start: Moment
  ) {
    precondition(regularSlots >= 0 && optimisticSlots >= 0, "slots are counted from zero")
    self.regularSlots = regularSlots
    self.optimisticSlots = optimisticSlots
    nextRound = start + Self.roundLength
    nextRotation = start + Self.optimisticLength
    slotCount = (regularSlots == 0 ? Self.defaultRegularSlots : regularSlots) + optimisticSlots
  }

  /// A round: who holds which slot is decided anew. O(n log n) for n candidates.
  public mutating func reevaluate(
    _ candidates: [Candidate], isSeeding: Bool, at now: Moment,
    using generator: inout SeededGenerator
  ) -> Changes {
    let rotates = now >= nextRotation
    if rotates { nextRotation = now + Self.optimisticLength }
    nextRound = now + Self.roundLength
    let regular = updateSlots(candidates)

    let interested = candidates.filter { $0.isInterested }
    var chosen =
      isSeeding
      ? SeedingOrder.choose(regular, from: interested, but: rotates ? [] : optimistic, at: now)
      : Self.bestSenders(
        interested.filter { !$0.isSnubbed }, upTo: regular, at: now, using: &generator)
    let previous = optimistic
    let failed = ungrateful
    optimistic = []
    let rest = interested.filter { !chosen.contains($0.id) }
    if rotates || isSeeding { ungrateful = [] }
    if !rotates {
      for candidate in rest where previous.contains(candidate.id) {
        if !isSeeding, Self.gaveNothing(candidate, at: now) {
          ungrateful.append(candidate.id)
        } else if optimistic.count < slotCount - chosen.count {
          optimistic.append(candidate.id)
        }
      }
    }
    draw(
      slotCount - withheld - chosen.count - optimistic.count,
      from: rest.filter { !optimistic.contains($0.id) }, isSeeding: isSeeding,
      avoiding: previous + failed, at: now, using: &generator)
    chosen += optimistic
    return changes(candidates, chosen: chosen)
  }

  /// Gives free slots away at once, when a peer became interested or an unchoked one left or lost
  /// its interest. Nobody who uses a slot loses it. O(n log n), O(n) with no free slot.
  public mutating func fillFreeSlots(
    _ candidates: [Candidate], isSeeding: Bool, at now: Moment,
    using generator: inout SeededGenerator
  ) -> Changes {
    let regular = updateSlots(candidates)
    let served = candidates.filter { $0.isInterested && $0.isUnchoked }
    let waiting = candidates.filter { $0.isInterested && !$0.isUnchoked }
    optimistic.removeAll { holder in !served.contains { $0.id == holder } }
    let free = slotCount - withheld - served.count
    guard free > 0, !waiting.isEmpty else { return Changes() }

    var chosen = served.map(\.id)
    let freeRegular = min(free, max(0, regular - (served.count - optimistic.count)))
    let winners =
      isSeeding
      ? SeedingOrder.nextInTurn(waiting, upTo: freeRegular)
      : Self.bestSenders(
        waiting.filter { !$0.isSnubbed }, upTo: freeRegular, at: now, using: &generator)
    chosen += winners
    let before = optimistic.count
    draw(
      free - winners.count, from: waiting.filter { !winners.contains($0.id) },
      isSeeding: isSeeding, avoiding: [], at: now, using: &generator)
    chosen += optimistic[before...]
    return changes(candidates, chosen: chosen)
  }

  /// Whether `fillFreeSlots` may find a slot free when so many peers are interested and unchoked. O(1).
  public func mayHaveFreeSlot(serving served: Int) -> Bool {
    regularSlots == 0 || served < regularSlots + optimisticSlots - withheld
  }

  /// Whether a peer that has been served for a round could have given something back and did not.
  private static func gaveNothing(_ candidate: Candidate, at now: Moment) -> Bool {
    candidate.isUnchoked && candidate.isWanted && candidate.receiveRate == 0
      && now - candidate.changedAt >= roundLength
  }

  /// The interested peers that sent us most; among equals those that have not let a chance pass,
  /// then those that have ever given, then those already unchoked, to spare the others' pipelines,
  /// then any.
  private static func bestSenders(
    _ candidates: [Candidate], upTo slots: Int, at now: Moment,
    using generator: inout SeededGenerator
  ) -> [PeerKey] {
    var shuffled = candidates
    generator.shuffle(&shuffled)
    let ranked = shuffled.enumerated().sorted { left, right in
      if left.element.receiveRate != right.element.receiveRate {
        return left.element.receiveRate > right.element.receiveRate
      }
      let (leftFailed, rightFailed) = (
        gaveNothing(left.element, at: now), gaveNothing(right.element, at: now)
      )
      if leftFailed != rightFailed { return rightFailed }
      if left.element.hasGiven != right.element.hasGiven { return left.element.hasGiven }
      if left.element.isUnchoked != right.element.isUnchoked { return left.element.isUnchoked }
      return left.offset < right.offset
    }
    return ranked.prefix(slots).map(\.element.id)
  }

  /// Draws peers for optimistic slots: those that may give are likelier while we download, and new
  /// ones always. Those that have just held one are drawn only when there is nobody else.
  private mutating func draw(
    _ slots: Int, from candidates: [Candidate], isSeeding: Bool, avoiding previous: [PeerKey],
    at now: Moment, using generator: inout SeededGenerator
  ) {
    var pool = candidates.filter { !previous.contains($0.id) }
    var reserve = candidates.filter { previous.contains($0.id) }
    for _ in 0..<max(0, slots) {
      if pool.isEmpty { swap(&pool, &reserve) }
      guard !pool.isEmpty else { return }
      func weight(_ candidate: Candidate) -> Int {
        let mayGive = candidate.hasGiven || !candidate.isWanted
        return (mayGive && !isSeeding ? Self.giverWeight : 1)
          * (now - candidate.connectedAt < Self.optimisticLength ? Self.newPeerWeight : 1)
      }
      var ticket = generator.below(pool.reduce(0) { $0 + weight($1) })
      let winner = pool.firstIndex { candidate in
        ticket -= weight(candidate)
        return ticket < 0
      }
      guard let winner else { return }
      optimistic.append(pool.remove(at: winner).id)
    }
  }

  /// The differences between what is and what was chosen. Unchoked peers that want nothing keep
  /// what slots are left over: it costs nothing and saves a round trip when their interest returns.
  private func changes(_ candidates: [Candidate], chosen: [PeerKey]) -> Changes {
    var changes = Changes()
    let sorted = chosen.sorted()
    var spare = slotCount - chosen.count
    for candidate in candidates {
      let isChosen = Self.contains(sorted, candidate.id)
      if isChosen && !candidate.isUnchoked {
        changes.unchoke.append(candidate.id)
      } else if !isChosen && candidate.isUnchoked {
        if !candidate.isInterested && spare > 0 {
          spare -= 1
        } else {
          changes.choke.append(candidate.id)
        }
      }
    }
    return changes
  }

  /// Sets `slotCount`; returns the regular ones among them.
  private mutating func updateSlots(_ candidates: [Candidate]) -> Int {
    var regular = regularSlots
    if regular == 0 {
      let uploadRate = candidates.reduce(0) { $0 + $1.sendRate }
      regular = Self.automaticSlots(uploadRate: uploadRate)
    }
    slotCount = regular + optimisticSlots
    return regular
  }

  /// Regular slots for our upload rate, in bytes a second: √(0.6 · KiB/s), so that both the number
  /// of peers served and the rate of each grow with it.
  static func automaticSlots(uploadRate: Double) -> Int {
    let square = uploadRate / 1024 * 0.6
    var slots = defaultRegularSlots
    while slots < mostAutomaticSlots && Double((slots + 1) * (slots + 1)) <= square { slots += 1 }
    return slots
  }

  private static func contains(_ sorted: [PeerKey], _ id: PeerKey) -> Bool {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < id { low = middle + 1 } else { high = middle }
    }
    return low < sorted.count && sorted[low] == id
  }
}
