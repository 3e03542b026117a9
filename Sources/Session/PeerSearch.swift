import ChordLogic
import ChordWire
import DeterministicCore
import Networking
import TorrentModel

/// One search of a ring for the peers of a torrent, and the announce that goes with it.
///
/// Only the owner of the key takes an announce, but any keeper of copies may be read: who does not
/// find the owner at once asks those behind it, so that a ring with holes is read while it mends.
///
/// The invariant: no node is asked for peers twice, and the end is told once.
final class PeerSearch {
  struct Outcome {
    /// Whether anybody answered for the key.
    var isAnswered = false
    /// The owner that took the announce.
    var keeper: Contact?
    var failure: String?
  }

  private let service: ChordService
  private let infoHash: InfoHash
  private let announcement: PeerAnnouncement?
  private let found: ([Endpoint], Contact) -> Void
  private let completion: (Outcome) -> Void
  private var outcome = Outcome()
  private var asked: [Contact] = []
  private var pending = 0
  private var lookup: UInt64?
  private var attempts = 0
  private var patienceTimer: SlabID?
  private var isOver = false

  /// A lookup that takes longer meets nodes that are gone.
  private static let patience = TimeSpan.milliseconds(1500)
  /// Keepers asked side by side.
  private static let keepersAtOnce = 8
  private static let mostAttempts = 2

  init(
    of infoHash: InfoHash, in service: ChordService, announcing announcement: PeerAnnouncement?,
    found: @escaping ([Endpoint], Contact) -> Void, completion: @escaping (Outcome) -> Void
  ) {
    self.service = service
    self.infoHash = infoHash
    self.announcement = announcement
    self.found = found
    self.completion = completion
  }

  func start() { lookUp() }

  func cancel() {
    isOver = true
    if let lookup { service.abandon(lookup: lookup) }
    if let patienceTimer { service.reactor.cancelTimer(patienceTimer) }
  }

  private func lookUp() {
    attempts += 1
    lookup = service.lookUp(Identifier(infoHash.digest)) { [self] in take($0) }
    guard !isOver else { return }
    patienceTimer = service.reactor.schedule(after: Self.patience) { [weak self] in
      self?.patienceTimer = nil
      self?.askKeepers()
    }
  }

  private func take(_ result: LookupOutcome) {
    lookup = nil
    if let patienceTimer { service.reactor.cancelTimer(patienceTimer) }
    patienceTimer = nil
    guard !isOver else { return }
    if let owner = result.owner {
      read(from: owner)
      announce(to: owner)
      // An owner of late has nothing yet; those behind it have.
      for contact in result.successors.prefix(2) { read(from: contact) }
    } else {
      outcome.failure = "the owner of its key was not found"
      for contact in result.successors.prefix(Self.keepersAtOnce) { read(from: contact) }
    }
    endIfThrough()
  }

  /// The owner lets itself be waited for: whoever may have copies is asked meanwhile.
  private func askKeepers() {
    guard !isOver, let lookup else { return }
    let (owners, predecessor) = service.beliefs(ofLookup: lookup)
    for contact in owners.prefix(Self.keepersAtOnce) { read(from: contact) }
    guard let predecessor else { return }
    pending += 1
    service.ask(predecessor, .state) { [self] result in
      pending -= 1
      if !isOver, case .success(.state(_, let successors)) = result {
        let key = Identifier(infoHash.digest)
        let behind = successors.drop { Identifier.between(predecessor.id, $0.id, key) }
        for contact in behind.prefix(Self.keepersAtOnce) { read(from: contact) }
      }
      endIfThrough()
    }
  }

  private func read(from contact: Contact) {
    guard !asked.contains(contact) else { return }
    asked.append(contact)
    pending += 1
    service.ask(contact, .getPeers(infoHash)) { [self] result in
      pending -= 1
      guard !isOver else { return }
      switch result {
      case .success(.peers(let peers)):
        outcome.isAnswered = true
        found(peers, contact)
      case .failure(let failure):
        // Whose records are still on their way names who has them.
        if failure.code == .notOwner, let node = failure.node, asked.count < 2 * Self.keepersAtOnce
        {
          read(from: node)
        }
      default: break
      }
      endIfThrough()
    }
  }

  private func announce(to owner: Contact) {
    guard let announcement else { return }
    pending += 1
    service.ask(owner, .announcePeer(announcement)) { [self] result in
      pending -= 1
      guard !isOver else { return }
      switch result {
      case .success: outcome.keeper = owner
      case .failure(let failure):
        outcome.failure = "the announce was refused: \(failure)"
        if failure.code == .notOwner, attempts < Self.mostAttempts { lookUp() }
      }
      endIfThrough()
    }
  }

  private func endIfThrough() {
    guard !isOver, pending == 0, lookup == nil else { return }
    isOver = true
    completion(outcome)
  }
}
