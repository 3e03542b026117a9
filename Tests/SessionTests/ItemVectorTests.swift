import ChordWire
import Hashing
import Session
import Testing

/// The test vectors of BEP 44, by the verifier that the program uses.
@Suite("Items") struct ItemVectorTests {
  private static func bytes(_ hex: String) -> [UInt8] {
    stride(from: 0, to: hex.count, by: 2).map { place in
      let start = hex.index(hex.startIndex, offsetBy: place)
      return UInt8(hex[start..<hex.index(start, offsetBy: 2)], radix: 16)!
    }
  }

  private static let value = Array("12:Hello World!".utf8)
  private static let key = PublicKey(
    bytes("77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548"))!

  @Test(
    "are found and signed as BEP 44 has it",
    arguments: [
      (
        "", "3:seqi1e1:v12:Hello World!", "4a533d47ec9c7d95b1ad75f576cffc641853b750",
        "305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01"
      ),
      (
        "foobar", "4:salt6:foobar3:seqi1e1:v12:Hello World!",
        "411eba73b6f087ca51a3795d9c8c938d365e32c1",
        "6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17ddf9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08"
      ),
    ])
  func mutable(salt: String, signed: String, target: String, signature: String) throws {
    let signature = try #require(Signature(Self.bytes(signature)))
    let item = try #require(
      Item(
        value: Self.value,
        signed: .init(key: Self.key, salt: Array(salt.utf8), sequence: 1, signature: signature)))
    #expect(item.signedBytes == Array(signed.utf8))
    #expect(item.target.bytes == Self.bytes(target))
    let verifier = OpenSSLVerifier()
    #expect(verifier.isValid(signature, of: Array(signed.utf8), by: Self.key))
    #expect(!verifier.isValid(signature, of: Array(signed.utf8) + [0], by: Self.key))
  }

  @Test("without a key are found by what they hold")
  func immutable() throws {
    let item = try #require(Item(value: Self.value))
    #expect(item.target.bytes == Self.bytes("e5f96f6f38320f0f33959cb4d3d656452117aadb"))
    #expect(item.signedBytes == nil)
  }
}
