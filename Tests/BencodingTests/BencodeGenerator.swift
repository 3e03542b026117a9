import Bencoding
import DeterministicCore

/// Random values for the properties below; the same seed gives the same value.
struct BencodeGenerator {
  var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func value(depth: Int = 5) -> BencodeValue {
    switch random.below(depth > 0 ? 6 : 3) {
    case 0: .integer(integer())
    case 1, 2: .string(bytes())
    case 3: .list((0..<random.below(5)).map { _ in value(depth: depth - 1) })
    default: dictionary(depth: depth)
    }
  }

  mutating func dictionary(depth: Int) -> BencodeValue {
    var pairs: [(String, BencodeValue)] = []
    for _ in 0..<random.below(5) {
      let key = String(decoding: bytes().filter { $0 < 0x80 }, as: UTF8.self)
      if !pairs.contains(where: { $0.0 == key }) { pairs.append((key, value(depth: depth - 1))) }
    }
    return .dictionary(pairs)
  }

  private mutating func integer() -> Int64 {
    switch random.below(6) {
    case 0: 0
    case 1: .min
    case 2: .max
    case 3: Int64(random.below(100)) - 50
    default: Int64(bitPattern: random.next())
    }
  }

  private mutating func bytes() -> [UInt8] {
    (0..<random.below(random.below(8) == 0 ? 300 : 12)).map { _ in
      UInt8(truncatingIfNeeded: random.next())
    }
  }
}

/// Whether two values hold the same, wherever they were read from.
func same(_ left: BencodeValue, _ right: BencodeValue) -> Bool {
  switch (left.content, right.content) {
  case (.integer(let left), .integer(let right)): left == right
  case (.string(let left), .string(let right)): left == right
  case (.list(let left), .list(let right)):
    left.count == right.count && zip(left, right).allSatisfy(same)
  case (.dictionary(let left), .dictionary(let right)):
    left.count == right.count
      && zip(left, right).allSatisfy { $0.key == $1.key && same($0.value, $1.value) }
  default: false
  }
}
