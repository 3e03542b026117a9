import ChordLogic
import ChordWire
import DeterministicCore
import TorrentModel

/// In a simulation a signature is good when it says so.
struct MarkedVerifier: SignatureVerifier {
  func isValid(_ signature: Signature, of bytes: [UInt8], by key: PublicKey) -> Bool {
    signature.bytes.first == 1
  }
}

/// One item read from a quorum of its keepers, by the weighing that production does.
final class RingReading {
  private let world: RingWorld
  private let number: Int
  private var read: QuorumRead
  private var completion: ((Item?) -> Void)?

  init(
    _ target: Identifier, of keepers: [Contact], by number: Int, in world: RingWorld,
    completion: @escaping (Item?) -> Void
  ) {
    self.world = world
    self.number = number
    self.completion = completion
    // A host does not ask itself by datagram.
    let others = keepers.filter { world.number(of: $0) != number }
    read = QuorumRead(target, of: ItemQuorum(of: others), verifier: MarkedVerifier())
  }

  func start() {
    for keeper in read.quorum.keepers {
      world.ask(keeper, .get(read.target, newerThan: nil), by: number) { [self] result in
        switch result {
        case .success(.item(let item)): read.take(item, from: keeper)
        case .failure(let failure) where failure.code == .notOwner: read.take(nil, from: keeper)
        default: read.fail(keeper)
        }
        end()
      }
    }
    end()
  }

  private func end() {
    guard read.isDecided, let completion else { return }
    self.completion = nil
    completion(read.best)
  }
}

extension RingWorld {
  /// What a liar makes of a message: some answer of its own, or silence; nil where it behaves, as it
  /// has to in order to stay in others' tables.
  func lie(_ message: ChordMessage, by host: Host) -> ChordMessage?? {
    guard case .query(let query, _) = message.body else { return nil }
    var answer = message
    let head = ReplyHead(from: host.contact.id)
    switch query {
    case .next(let request):
      switch random.below(3) {
      case 0: return .some(nil)
      case 1:
        // It takes the key for its own.
        answer.body = .reply(.next(.owner(successors: [])), head)
      default:
        // It names somebody anywhere.
        let contact = Contact(randomKey(), RingWorld.endpoint(random.below(hosts.count)))
        answer.body = .reply(
          .next(request.isConfirming ? .owner(successors: []) : .closer([contact])), head)
      }
      return answer
    case .get(let target, _):
      guard random.below(2) == 0, let forged = Self.forgery(for: target) else { return .some(nil) }
      answer.body = .reply(.item(forged), head)
      return answer
    case .getPeers: return .some(nil)
    case .put, .announcePeer, .pushRecords:
      // It says that it keeps what it throws away.
      switch query {
      case .put: answer.body = .reply(.stored, head)
      case .announcePeer: answer.body = .reply(.announced, head)
      default: answer.body = .reply(.recordsKept, head)
      }
      return answer
    default: return nil
    }
  }

  private static func forgery(for target: Identifier) -> Item? {
    Item(value: Array("20:".utf8) + target.bytes)
  }
}
