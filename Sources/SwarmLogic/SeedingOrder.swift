import DeterministicCore

/// Whom a seed serves. Those that gave come first, as far as they want something, whether to it while
/// it downloaded or to others what it gave to them alone (`PassingOn`): what is left for peers that
/// gave nothing is the optimistic slot and what the others leave.
///
/// Among equals, the fastest takers spread the torrent soonest, so half of the slots are theirs as
/// long as they are the fastest; the other half go round, so that everybody is served in turn, a
/// term each, whoever waited longest first.
///
/// The rule is a function of what it is given, as is all of the choker: who holds a slot and since
/// when is read off the candidates.
enum SeedingOrder {
  /// How long a slot that goes round is held, in three rounds: time enough for a TCP connection
  /// to reach its rate.
  static let term = TimeSpan.seconds(30)

  /// The peers that get the regular slots. Holders of optimistic slots are no candidates for them
  /// until these slots rotate, unless there are too few others.
  static func choose(
    _ slots: Int, from interested: [Choker.Candidate], but optimistic: [PeerKey], at now: Moment
  ) -> [PeerKey] {
    let candidates = interested.filter { !optimistic.contains($0.id) }
    let repaid = serve(candidates.filter { $0.hasGiven }, upTo: slots, at: now)
    return repaid
      + serve(candidates.filter { !$0.hasGiven }, upTo: slots - repaid.count, at: now)
  }

  private static func serve(
    _ candidates: [Choker.Candidate], upTo slots: Int, at now: Moment
  ) -> [PeerKey] {
    let served = candidates.filter { $0.isUnchoked }.sorted {
      $0.sendRate != $1.sendRate ? $0.sendRate > $1.sendRate : longerServed($0, $1)
    }
    var chosen = served.prefix((slots + 1) / 2).map(\.id)
    // The longest served are the first to make room.
    let others = served.dropFirst(chosen.count).sorted { $0.changedAt > $1.changedAt }
    for candidate in others
    where chosen.count < slots && now - candidate.changedAt < term {
      chosen.append(candidate.id)
    }
    let waiting = candidates.filter { !$0.isUnchoked }
    chosen += nextInTurn(waiting, upTo: slots - chosen.count)
    for candidate in others where chosen.count < slots && !chosen.contains(candidate.id) {
      chosen.append(candidate.id)
    }
    return chosen
  }

  /// The choked peers whose turn is next: of those that gave, and then of the others, whoever has
  /// been choked longest.
  static func nextInTurn(_ waiting: [Choker.Candidate], upTo slots: Int) -> [PeerKey] {
    waiting.sorted { $0.hasGiven != $1.hasGiven ? $0.hasGiven : longerServed($0, $1) }
      .prefix(max(0, slots)).map(\.id)
  }

  /// Who has been longer in its state; of two of one age, the earlier name.
  private static func longerServed(_ left: Choker.Candidate, _ right: Choker.Candidate) -> Bool {
    left.changedAt != right.changedAt ? left.changedAt < right.changedAt : left.id < right.id
  }
}
