import TorrentModel

/// Our address as others see it, by the word of the peers we are connected with (`yourip`, BEP 10).
///
/// Each subscriber has one vote, and the address with most of them is believed: a liar among honest
/// peers changes nothing, and a belief that is wrong costs an order of dialling, nothing else.
struct OwnAddress: Sendable {
  private var votes: [(voter: Address, claim: Address)] = []
  private(set) var believed: Address?

  /// Votes kept; the oldest goes first.
  static let mostVotes = 32

  /// Returns whether another address is believed than before.
  mutating func note(_ claim: Address, by voter: Address) -> Bool {
    guard !claim.isNeverAPeer, !claim.isLinkLocal else { return false }
    votes.removeAll { $0.voter == voter.subscriber }
    if votes.count >= Self.mostVotes { votes.removeFirst() }
    votes.append((voter.subscriber, claim))
    var best: (claim: Address, count: Int)?
    for vote in votes where vote.claim != best?.claim {
      let count = votes.count { $0.claim == vote.claim }
      if count > best?.count ?? 0 { best = (vote.claim, count) }
    }
    guard best?.claim != believed else { return false }
    believed = best?.claim
    return true
  }
}
