import Testing

@testable import Hashing

@Suite("OpenSSL's functions") struct SignatureTests {
  private func bytes(_ hex: String) -> [UInt8] {
    stride(from: 0, to: hex.count, by: 2).map { place in
      let start = hex.index(hex.startIndex, offsetBy: place)
      return UInt8(hex[start..<hex.index(start, offsetBy: 2)], radix: 16)!
    }
  }

  @Test("hash as FIPS 180-4 has it")
  func sha256() {
    #expect(
      SHA256.hash(Array("abc".utf8)).bytes
        == bytes("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
  }

  /// RFC 8032, section 7.1, test 3.
  @Test("sign as RFC 8032 has it")
  func ed25519() throws {
    let seed = bytes("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
    let key = bytes("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
    let expected = bytes(
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )
    #expect(Ed25519.publicKey(of: seed) == key)
    #expect(Ed25519.sign([0xaf, 0x82], with: seed) == expected)
    #expect(Ed25519.isValid(expected, of: [0xaf, 0x82], by: key))
    var wrong = expected
    wrong[40] ^= 1
    #expect(!Ed25519.isValid(wrong, of: [0xaf, 0x82], by: key))
    #expect(!Ed25519.isValid(expected, of: [0xaf, 0x83], by: key))
    #expect(!Ed25519.isValid(Array(expected.dropLast()), of: [0xaf, 0x82], by: key))
    #expect(Ed25519.sign([1], with: [1, 2, 3]) == nil)
  }
}
