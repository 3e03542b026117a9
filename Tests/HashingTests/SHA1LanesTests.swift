import Testing

@testable import Hashing

@Suite struct SHA1LanesTests {
  /// Bytes that differ from lane to lane.
  private static func messages(_ count: Int, length: Int) -> [[UInt8]] {
    (0..<count).map { lane in
      (0..<length).map { UInt8(truncatingIfNeeded: ($0 &* 131 &+ lane &* 17) ^ ($0 >> 7)) }
    }
  }

  private static func withParts<Result>(
    _ messages: [[UInt8]], _ range: Range<Int>, _ body: ([UnsafeRawBufferPointer]) -> Result
  ) -> Result {
    let copies = messages.map { message in
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 1)
      copy.copyBytes(from: message[range])
      return copy
    }
    defer { for copy in copies { copy.deallocate() } }
    return body(copies.map { UnsafeRawBufferPointer($0) })
  }

  /// OpenSSL is the reference, and is what hashes where there are no instructions.
  @Test(arguments: [false, SHA1Lanes().usesInstructions], 1...SHA1Lanes.width)
  func everyLengthAroundABlockHasTheReferencesDigest(isAccelerated: Bool, count: Int) {
    var lanes = SHA1Lanes(isAccelerated: isAccelerated)
    for length in Array(0...200) + [16_384, 100_003] {
      let messages = Self.messages(count, length: length)
      let digests = Self.withParts(messages, 0..<length) { lanes.finish($0) }
      #expect(digests == messages.map { SHA1.hash($0) }, "\(length) bytes")
    }
  }

  @Test(arguments: [false, SHA1Lanes().usesInstructions])
  func partsMakeTheDigestOfTheWhole(isAccelerated: Bool) {
    let messages = Self.messages(4, length: 5000)
    var lanes = SHA1Lanes(isAccelerated: isAccelerated)
    for cuts in [[64, 128], [1024, 1024, 4096], [4992]] {
      var start = 0
      for cut in cuts {
        Self.withParts(messages, start..<cut) { lanes.update($0) }
        start = cut
      }
      let digests = Self.withParts(messages, start..<5000) { lanes.finish($0) }
      #expect(digests == messages.map { SHA1.hash($0) }, "\(cuts)")
    }
  }
}
