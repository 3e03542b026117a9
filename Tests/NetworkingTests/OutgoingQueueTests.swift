import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@testable import Networking

@Suite("The outgoing queue")
struct OutgoingQueueTests {
  /// Does to the queue what a flush does when the kernel takes `most` bytes, and returns those.
  private func drain(_ queue: inout OutgoingQueue, most: Int) -> [UInt8] {
    var sent: [UInt8] = []
    while sent.count < most, let segment = queue.segments.first {
      switch segment {
      case .bytes(let count):
        let part = min(count, most - sent.count)
        sent += queue.bytes[queue.head..<queue.head + part]
        queue.sentBytes(part)
      case .block(let block):
        let whole = wire(block)
        let part = min(whole.count - queue.blockProgress, most - sent.count)
        sent += whole[queue.blockProgress..<queue.blockProgress + part]
        queue.blockProgress += part
        if queue.blockProgress == whole.count { queue.sentBlock() }
      }
    }
    return sent
  }

  private func wire(_ block: Block) -> [UInt8] {
    var bytes: [UInt8] = []
    BlockHeader.encode(block, into: &bytes)
    return bytes
      + [UInt8](repeating: UInt8(truncatingIfNeeded: block.offset), count: Int(block.length))
  }

  private enum Item: Equatable {
    case bytes([UInt8])
    case block(Block)
  }

  @Test("sends what a plain list of what was queued would", arguments: 0..<30 as Range<UInt64>)
  func againstModel(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var queue = OutgoingQueue()
    var model: [Item] = []
    /// Bytes of the model's first item that are sent.
    var progress = 0
    for step in 0..<400 {
      switch generator.below(8) {
      case 0, 1:
        let bytes = generator.bytes(1 + generator.below(generator.below(10) == 0 ? 70_000 : 30))
        queue.append { $0 += bytes }
        model.append(.bytes(bytes))
      case 2, 3:
        let block = Block(
          piece: 0, offset: UInt32(generator.below(6)), length: UInt32(1 + generator.below(2)))
        queue.append(block)
        model.append(.block(block))
      case 4:
        let block = Block(
          piece: 0, offset: UInt32(generator.below(6)), length: UInt32(1 + generator.below(2)))
        let found = model.indices.first { model[$0] == .block(block) && ($0 > 0 || progress == 0) }
        if let found { model.remove(at: found) }
        #expect(queue.remove(block) == (found != nil), "seed \(seed), step \(step)")
      case 5 where generator.below(4) == 0:
        var expected: [Block] = []
        var kept: [Item] = []
        for (index, item) in model.enumerated() {
          if case .block(let block) = item, index > 0 || progress == 0 {
            expected.append(block)
          } else {
            kept.append(item)
          }
        }
        model = kept
        #expect(queue.removeAllBlocks() == expected, "seed \(seed), step \(step)")
      default:
        let most = generator.below(generator.below(10) == 0 ? 200_000 : 60)
        var expected: [UInt8] = []
        while expected.count < most, let first = model.first {
          let whole =
            switch first {
            case .bytes(let bytes): bytes
            case .block(let block): wire(block)
            }
          let part = whole[progress...].prefix(most - expected.count)
          expected += part
          progress += part.count
          if progress == whole.count {
            model.removeFirst()
            progress = 0
          }
        }
        #expect(drain(&queue, most: most) == expected, "seed \(seed), step \(step)")
      }
      let blocks = model.count { if case .block = $0 { true } else { false } }
      #expect(queue.blockCount == blocks, "seed \(seed), step \(step)")
      #expect(queue.isEmpty == model.isEmpty, "seed \(seed), step \(step)")
    }
  }

  @Test("lets go of the room that a long burst took")
  func memory() {
    var queue = OutgoingQueue()
    for _ in 0..<100 {
      queue.append { $0 += [UInt8](repeating: 1, count: 100_000) }
      _ = drain(&queue, most: 99_000)
      #expect(queue.bytes.count < 400_000)
    }
    _ = drain(&queue, most: .max)
    #expect(queue.byteCount == 0)
    #expect(queue.bytes.capacity <= 64 << 10)
  }
}
