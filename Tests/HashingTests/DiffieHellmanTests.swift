import Testing

@testable import Hashing

@Suite("Key agreement")
struct DiffieHellmanTests {
  /// The values were computed apart from this program.
  @Test func comesToTheSameSecretAtBothEnds() throws {
    let first = DiffieHellman(privateKey: Array(1...20))
    let second = DiffieHellman(privateKey: Array(21...40))
    #expect(first.publicKey.starts(with: [0x96, 0xe1, 0x12, 0xda, 0xb2, 0x9e, 0x8c, 0x52]))
    #expect(first.publicKey.suffix(4) == [0x82, 0x1e, 0xb6, 0x93])
    #expect(second.publicKey.starts(with: [0xa3, 0xe9, 0x81, 0xe8]))
    let secret = try #require(first.secret(with: second.publicKey))
    #expect(secret == second.secret(with: first.publicKey))
    #expect(secret.starts(with: [0x99, 0x4a, 0xac, 0x6c, 0x35, 0x99, 0x90, 0xcf]))
    #expect(secret.count == DiffieHellman.keyLength)
  }

  @Test("takes no key whose secret everybody knows", arguments: Self.degenerate)
  func refusals(key: [UInt8]) {
    #expect(DiffieHellman(privateKey: Array(1...20)).secret(with: key) == nil)
  }

  private static let degenerate: [[UInt8]] = [
    number(0), number(1), less(1), less(0), DiffieHellman.prime.dropLast() + [0x64],
    Array(repeating: 255, count: 96), [], Array(repeating: 7, count: 95),
    Array(repeating: 7, count: 97),
  ]

  private static func number(_ value: UInt8) -> [UInt8] {
    Array(repeating: 0, count: 95) + [value]
  }

  private static func less(_ difference: UInt8) -> [UInt8] {
    DiffieHellman.prime.dropLast() + [0x63 - difference]
  }

  @Test func knowsAtTheFirstByteThatItIsNoKey() {
    #expect(DiffieHellman(privateKey: Array(1...20)).secret(with: Self.number(2)) != nil)
    #expect(DiffieHellman(privateKey: Array(1...20)).secret(with: Self.less(2)) != nil)
    #expect(DiffieHellman.mayBeginKey([]) && DiffieHellman.mayBeginKey([255, 255]))
    #expect(!DiffieHellman.mayBeginKey(Array(repeating: 255, count: 9)))
    #expect(DiffieHellman.mayBeginKey(Array(repeating: 255, count: 8) + [0xc8]))
  }
}
