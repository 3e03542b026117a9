import DeterministicCore
import PeerWire
import TorrentModel

/// What waits to be sent on one connection, in order: runs of encoded messages, and blocks whose
/// payload stays in its file until it is sent.
///
/// The invariant: `bytes[head...]` are the not yet sent bytes of all `.bytes` segments, end to end.
struct OutgoingQueue {
  enum Segment {
    /// So many bytes of `bytes`.
    case bytes(Int)
    case block(Block)
  }

  private(set) var segments = Queue<Segment>()
  private(set) var bytes: [UInt8] = []
  private(set) var head = 0
  /// Of the first segment, when it is a block: what has been sent, header included.
  var blockProgress = 0
  /// Blocks not yet sent whole.
  private(set) var blockCount = 0
  /// Whether the kernel takes no more until the socket is writable.
  var isBlocked = false

  var isEmpty: Bool { segments.isEmpty }

  /// Bytes of messages not yet sent.
  var byteCount: Int { bytes.count - head }

  /// Appends bytes that `encode` writes.
  mutating func append(_ encode: (inout [UInt8]) -> Void) {
    let before = bytes.count
    encode(&bytes)
    let count = bytes.count - before
    guard count > 0 else { return }
    if segments.count > 0, case .bytes(let present) = segments[segments.count - 1] {
      segments[segments.count - 1] = .bytes(present + count)
    } else {
      segments.append(.bytes(count))
    }
  }

  mutating func append(_ block: Block) {
    segments.append(.block(block))
    blockCount += 1
  }

  /// Takes a block out again, unless its first byte is on its way. Returns whether it did.
  mutating func remove(_ block: Block) -> Bool {
    // Asked for twice, it may be on its way and queued once more.
    var isOnItsWay = blockProgress > 0
    let found = segments.firstIndex { segment in
      defer { isOnItsWay = false }
      return if case .block(block) = segment { !isOnItsWay } else { false }
    }
    guard let index = found else { return false }
    segments.remove(at: index)
    blockCount -= 1
    return true
  }

  /// Takes all blocks out whose first byte is not on its way, and returns them.
  mutating func removeAllBlocks() -> [Block] {
    var kept = Queue<Segment>()
    var removed: [Block] = []
    for index in 0..<segments.count {
      if case .block(let block) = segments[index], index > 0 || blockProgress == 0 {
        removed.append(block)
      } else {
        kept.append(segments[index])
      }
    }
    segments = kept
    blockCount -= removed.count
    return removed
  }

  /// Notes that `count` bytes of the first segment, a run of bytes, were sent.
  mutating func sentBytes(_ count: Int) {
    guard case .bytes(let present) = segments.first else { preconditionFailure("no bytes to send") }
    head += count
    if count == present { segments.popFirst() } else { segments[0] = .bytes(present - count) }
    if head == bytes.count {
      bytes.removeAll(keepingCapacity: bytes.capacity <= 64 << 10)
      head = 0
    } else if head >= 64 << 10 {
      bytes.removeSubrange(0..<head)
      head = 0
    }
  }

  /// Notes that the first segment, a block, was sent whole.
  mutating func sentBlock() {
    segments.popFirst()
    blockProgress = 0
    blockCount -= 1
  }
}
