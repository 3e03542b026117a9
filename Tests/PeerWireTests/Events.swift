import PeerWire
import Testing
import TorrentModel

/// What a stream says, with each block's payload put together again.
enum Event: Hashable {
  case message(PeerMessage)
  case block(Block, [UInt8])
}

/// Drives a decoder the way a connection does, and keeps what came out.
struct Reassembly {
  var decoder = PeerMessageDecoder()
  private(set) var events: [Event] = []
  private var arriving: (block: Block, payload: [UInt8])?

  /// Whether a block's header has come out and not yet all of its payload.
  var isInBlock: Bool { arriving != nil }

  mutating func feed(_ input: some Collection<UInt8>) throws(PeerWireError) {
    let input = Array(input)
    var offset = 0
    while let item = try decoder.next(in: input.span.bytes, at: &offset) {
      switch item {
      case .message(let message): events.append(.message(message))
      case .block(let block): arriving = (block, [])
      case .payload(let range): take(input[range])
      }
    }
    precondition(offset == input.count, "the decoder left input behind")
  }

  private mutating func take(_ payload: ArraySlice<UInt8>) {
    guard let before = arriving else { preconditionFailure("payload without a header") }
    let all = before.payload + payload
    if all.count == Int(before.block.length) {
      events.append(.block(before.block, all))
      arriving = nil
    } else {
      arriving = (before.block, all)
    }
  }
}

/// What decoding `chunks` one after the other says, or the error it ends with.
func decode(_ chunks: [ArraySlice<UInt8>]) -> Result<[Event], PeerWireError> {
  var reassembly = Reassembly()
  do throws(PeerWireError) {
    for chunk in chunks { try reassembly.feed(chunk) }
    return .success(reassembly.events)
  } catch {
    return .failure(error)
  }
}

/// A length prefix, a message number and what follows it.
func frame(length: UInt32, id: UInt8, _ rest: [UInt8] = []) -> [UInt8] {
  (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + [id] + rest
}

/// Hostile bytes under a short name: test reports print their arguments whole.
struct Hostile: Sendable, CustomTestStringConvertible {
  let name: String
  let bytes: [UInt8]

  init(_ name: String, _ bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  init(_ text: String) { self.init(text, Array(text.utf8)) }

  var testDescription: String { name }
}
