public import ChordLogic
public import ChordWire

/// One read of an item of a ring (BEP 44) from a quorum of its keepers; those that were behind are
/// brought up to date.
///
/// The invariant: the end is told once, and nothing is told that was not signed by its key or does not
/// hash to it.
public final class ItemRead {
  public struct Outcome: Sendable {
    /// The newest that any of the keepers had.
    public var item: Item?
    /// Whether so many answered that none newer was written before.
    public var isQuorum: Bool
    /// Keepers that were told of the newest.
    public var repaired: Int
  }

  private let service: ChordService
  private let target: Identifier
  private let completion: (Outcome) -> Void
  private var read: QuorumRead?
  private var isDecided = false
  private var pendingRepairs = 0
  private var repaired = 0

  public init(
    _ target: Identifier, in service: ChordService, completion: @escaping (Outcome) -> Void
  ) {
    self.target = target
    self.service = service
    self.completion = completion
  }

  public func start() {
    service.lookUp(target) { [self] outcome in
      let quorum = ItemQuorum(of: [outcome.owner].compactMap(\.self) + outcome.successors)
      read = QuorumRead(target, of: quorum, verifier: OpenSSLVerifier())
      for keeper in quorum.keepers {
        service.ask(keeper, .get(target, newerThan: nil)) { [self] in take($0, from: keeper) }
      }
      decide()
    }
  }

  private func take(_ result: Result<ChordReply, ChordFailure>, from keeper: Contact) {
    switch result {
    case .success(.item(let item)): read?.take(item, from: keeper)
    // A keeper that has nothing sends on to the owner.
    case .failure(let failure) where failure.code == .notOwner: read?.take(nil, from: keeper)
    default: read?.fail(keeper)
    }
    decide()
  }

  private func decide() {
    guard !isDecided, let read, read.isDecided else { return }
    isDecided = true
    if let item = read.best {
      for keeper in read.outdated {
        pendingRepairs += 1
        service.ask(keeper, .put(item, cas: nil)) { [self] result in
          pendingRepairs -= 1
          if case .success = result { repaired += 1 }
          endIfRepaired()
        }
      }
    }
    endIfRepaired()
  }

  private func endIfRepaired() {
    guard pendingRepairs == 0, let read else { return }
    completion(Outcome(item: read.best, isQuorum: read.isQuorum, repaired: repaired))
  }
}

/// One write of an item of a ring (BEP 44) to a quorum of its keepers.
public final class ItemWrite {
  private let service: ChordService
  private let item: Item
  private let completion: (QuorumWrite) -> Void
  private var isOver = false

  public init(
    _ item: Item, in service: ChordService, completion: @escaping (QuorumWrite) -> Void
  ) {
    self.item = item
    self.service = service
    self.completion = completion
  }

  public func start() {
    service.lookUp(item.target) { [self] outcome in
      var write = QuorumWrite(
        to: ItemQuorum(of: [outcome.owner].compactMap(\.self) + outcome.successors))
      guard !write.quorum.keepers.isEmpty else { return completion(write) }
      for keeper in write.quorum.keepers {
        service.ask(keeper, .put(item, cas: nil)) { [self] result in
          switch result {
          case .success: write.take(keeper)
          case .failure(let failure): write.refuse(keeper, by: failure)
          }
          guard !isOver, write.isKept || write.isOver else { return }
          isOver = true
          completion(write)
        }
      }
    }
  }
}
