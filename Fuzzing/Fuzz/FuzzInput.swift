import DeterministicCore
import PeerWire
import TorrentModel

/// Choices read from the fuzzer's bytes, one after another; past their end every choice is 0.
struct FuzzInput {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isEmpty: Bool { position >= bytes.count }

  mutating func byte() -> UInt8 {
    guard position < bytes.count else { return 0 }
    defer { position += 1 }
    return bytes[position]
  }

  /// - Parameter bound: 1…256.
  mutating func below(_ bound: Int) -> Int { Int(byte()) % bound }

  mutating func isOne(in count: Int) -> Bool { below(count) == count - 1 }

  mutating func word() -> UInt32 {
    (0..<4).reduce(0) { word, _ in word << 8 | UInt32(byte()) }
  }

  /// A small number, one at the edge of 32 bits, or any.
  mutating func number() -> UInt32 {
    switch below(8) {
    case 0: UInt32.max - UInt32(below(2))
    case 1: word()
    default: UInt32(below(5))
    }
  }

  /// As many bytes as the next one says, or as there are.
  mutating func bytes(atMost most: Int = 255) -> [UInt8] {
    let count = min(below(min(most, 255) + 1), bytes.count - position)
    defer { position += max(0, count) }
    return count > 0 ? Array(bytes[position..<position + count]) : []
  }

  mutating func twenty() -> [UInt8] { Array(repeating: UInt8(below(9)), count: 20) }

  /// A few bytes of noise of several lengths: what there is to begin with for targets whose inputs
  /// are choices.
  static var noise: [[UInt8]] {
    var generator = SeededGenerator(seed: 1)
    return [64, 256, 1024, 4096].map { length in
      (0..<length).map { _ in UInt8(generator.below(256)) }
    }
  }
}
