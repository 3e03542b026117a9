import Hashing
import Testing

@Suite struct CRC32CTests {
  /// The examples of RFC 3720, appendix B.4, which writes the sum's bytes in reverse.
  @Test(
    arguments: [
      ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
      ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
      (Array(0..<32), 0x46dd_794e), ((0..<32).reversed(), 0x113f_db5c), ([], 0),
    ] as [([UInt8], UInt32)])
  func `agrees with the examples of its standard`(bytes: [UInt8], sum: UInt32) {
    #expect(CRC32C.checksum(bytes) == sum)
  }
}
