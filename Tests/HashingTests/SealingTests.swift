import Testing

@testable import Hashing

@Suite("Agreement on keys, and sealing") struct SealingTests {
  private func bytes(_ hex: String) -> [UInt8] {
    stride(from: 0, to: hex.count, by: 2).map { place in
      let start = hex.index(hex.startIndex, offsetBy: place)
      return UInt8(hex[start..<hex.index(start, offsetBy: 2)], radix: 16)!
    }
  }

  /// RFC 7748, section 6.1.
  @Test("agree as RFC 7748 has it")
  func agreement() {
    let alice = bytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    let bob = bytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    let alicePublic = bytes("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    let bobPublic = bytes("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
    let secret = bytes("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    #expect(X25519.publicKey(of: alice) == alicePublic)
    #expect(X25519.publicKey(of: bob) == bobPublic)
    #expect(X25519.secret(of: alice, with: bobPublic) == secret)
    #expect(X25519.secret(of: bob, with: alicePublic) == secret)
  }

  @Test("agree on nothing that everybody knows, and take no keys of other lengths")
  func weakKeys() {
    let key = [UInt8](repeating: 7, count: 32)
    #expect(X25519.secret(of: key, with: [UInt8](repeating: 0, count: 32)) == nil)
    #expect(X25519.secret(of: key, with: [1] + [UInt8](repeating: 0, count: 31)) == nil)
    #expect(X25519.secret(of: key, with: [9]) == nil)
    #expect(X25519.publicKey(of: [1, 2]) == nil)
  }

  /// RFC 8439, section 2.8.2.
  @Test("seal as RFC 8439 has it, and open nothing that was changed")
  func sealing() {
    let text = Array(
      ("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
        + "sunscreen would be it.").utf8)
    let key = (0x80...0x9f).map { UInt8($0) }
    let nonce = bytes("070000004041424344454647")
    let header = bytes("50515253c0c1c2c3c4c5c6c7")
    let sealed = ChaCha20Poly1305.seal(text, key: key, nonce: nonce, header: header)
    #expect(Array(sealed.prefix(16)) == bytes("d31a8d34648e60db7b86afbc53ef7ec2"))
    #expect(Array(sealed.suffix(16)) == bytes("1ae10b594f09e26a7e902ecbd0600691"))
    #expect(ChaCha20Poly1305.open(sealed, key: key, nonce: nonce, header: header) == text)
    for place in [0, text.count, sealed.count - 1] {
      var changed = sealed
      changed[place] ^= 1
      #expect(ChaCha20Poly1305.open(changed, key: key, nonce: nonce, header: header) == nil)
    }
    #expect(ChaCha20Poly1305.open(sealed, key: key, nonce: nonce, header: [1]) == nil)
    #expect(ChaCha20Poly1305.open([1, 2, 3], key: key, nonce: nonce, header: header) == nil)
    let empty = ChaCha20Poly1305.seal([], key: key, nonce: nonce, header: header)
    #expect(ChaCha20Poly1305.open(empty, key: key, nonce: nonce, header: header) == [])
  }
}
