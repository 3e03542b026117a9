import ChordWire
import DeterministicCore
import TorrentModel

/// What two nodes know of the ring, compared now and then: news get lost, and who comes has all to
/// learn.
extension ChordNode {
  /// The wait once comparing teaches nothing.
  private var longestComparisonWait: TimeSpan {
    let round = (configuration.shortestRound.seconds + configuration.longestRound.seconds) / 2
    return .seconds(round * Double(configuration.roundsBetweenComparisons))
  }

  /// Puts the first comparison off for as long as the later ones.
  mutating func deferComparison(at now: Moment) {
    comparing.rest(for: longestComparisonWait, chance: generator.fraction(), at: now)
  }

  /// Compares what is known with a member chosen at random: of those, somebody has heard of whom this
  /// node has not. A newcomer turns to its successor.
  mutating func compareMembers(at now: Moment, into effects: inout [ChordEffect]) {
    guard phase == .member else { return comparing.stop() }
    comparing.begin(longest: longestComparisonWait, chance: generator.fraction(), at: now)
    guard isSmallRing, let next = stabilizer.successors.first else { return }
    let contact =
      members.count > 2 ? members.contacts[generator.below(members.count)] : next
    guard contact.id != own.id else { return }
    compare(arcToCompare(), with: contact, at: now, into: &effects)
  }

  /// The whole circle; once little is learned of a large ring, a part of it at a time, for most of what
  /// differs then is on its way as news.
  private mutating func arcToCompare() -> Arc {
    comparing.isOfPart =
      comparing.isCalm && members.count >= Self.parts * MembershipAnswer.mostListed
    guard comparing.isOfPart else {
      return Arc(after: own.id, through: own.id)
    }
    var start = own.id
    for _ in 0..<generator.below(Self.parts) { start = start.advanced(by: Self.partLength) }
    return Arc(after: start, through: start.advanced(by: Self.partLength))
  }

  private static let parts = 8
  private static let partLength = Identifier.power(157)

  private mutating func compare(
    _ arc: Arc, with contact: Contact, at now: Moment, into effects: inout [ChordEffect]
  ) {
    let query = ChordQuery.members(MembershipSum(arc, sum: members.sum(of: arc)))
    ask(contact, query, for: .comparison(arc), at: now, into: &effects)
  }

  func compare(_ sum: MembershipSum) -> MembershipAnswer {
    guard members.sum(of: sum.arc) != sum.sum else { return .same }
    let listed = members.members(in: sum.arc)
    if listed.count <= MembershipAnswer.mostListed { return .listed(listed) }
    let (first, second) = sum.arc.halves
    return .halves(members.sum(of: first), members.sum(of: second))
  }

  mutating func take(
    _ answer: MembershipAnswer, to arc: Arc, from contact: Contact, at now: Moment,
    into effects: inout [ChordEffect]
  ) {
    switch answer {
    case .same: break
    case .halves(let firstSum, let secondSum):
      let (first, second) = arc.halves
      // An arc of one place cannot be halved; whoever says so leads in circles.
      guard first != arc else { break }
      if members.sum(of: second) != secondSum { comparing.add(second) }
      if members.sum(of: first) != firstSum { comparing.add(first) }
    case .listed(let listed): take(listed, of: arc, at: now, into: &effects)
    }
    if let next = comparing.next() {
      compare(next, with: contact, at: now, into: &effects)
    } else {
      let known = comparing.isOfPart ? members.count / Self.parts : members.count
      comparing.end(known: known, chance: generator.fraction(), at: now)
    }
  }

  private mutating func take(
    _ listed: [Contact], of arc: Arc, at now: Moment, into effects: inout [ChordEffect]
  ) {
    let known = members.members(in: arc)
    // A newcomer takes whom it is told; who knows most of the ring has perhaps heard of their end.
    let isNewcomer = members.count * 2 < stabilizer.ringSize || members.count < 32
    for member in listed
    where arc.contains(member.id) && isSmallRing && member.id != own.id
      && !members.contains(member)
    {
      comparing.learn()
      if isNewcomer {
        _ = members.insert(member)
      } else {
        ask(member, .ping, for: .memberCheck, at: now, into: &effects)
      }
      hear(of: member, isHint: false, at: now, into: &effects)
    }
    // The other has not heard of these, or has heard of their end.
    for member in known.prefix(MembershipAnswer.mostListed)
    where member.id != own.id && !listed.contains(member) {
      ask(member, .ping, for: .fingerCheck, at: now, into: &effects)
    }
  }
}
