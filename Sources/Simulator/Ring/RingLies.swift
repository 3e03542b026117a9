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
