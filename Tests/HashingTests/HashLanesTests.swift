import Testing

@testable import Hashing

/// OpenSSL is the reference, and is what hashes where there are no instructions.
@Suite struct HashLanesTests {
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

  private static func check<Algorithm: LaneAlgorithm>(
    _: Algorithm.Type, _ means: LaneMeans, reference: ([UInt8]) -> Algorithm.Digest
  ) where Algorithm.Digest: Equatable {
    var lanes = HashLanes<Algorithm>(means)
    for count in 1...means.widest {
      for length in Array(0...200) + [16_384, 100_003] {
        let messages = messages(count, length: length)
        let digests = withParts(messages, 0..<length) { lanes.finish($0) }
        #expect(digests == messages.map(reference), "\(count) of \(length) bytes")
      }
    }
    for count in Set([4, means.widest]) { checkParts(count, &lanes, reference: reference) }
  }

  private static func checkParts<Algorithm: LaneAlgorithm>(
    _ count: Int, _ lanes: inout HashLanes<Algorithm>, reference: ([UInt8]) -> Algorithm.Digest
  ) where Algorithm.Digest: Equatable {
    let messages = messages(count, length: 5000)
    for cuts in [[64, 128], [1024, 2048, 4096], [4992]] {
      var start = 0
      for cut in cuts {
        withParts(messages, start..<cut) { lanes.update($0) }
        start = cut
      }
      let digests = withParts(messages, start..<5000) { lanes.finish($0) }
      #expect(digests == messages.map(reference), "\(cuts)")
    }
  }

  /// Whatever this machine can do, whether it is its choice or not: OpenSSL alone, the SHA instructions
  /// alone, the widest registers alone, and beside OpenSSL and the instructions.
  private static let everyMeans: [LaneMeans] = {
    var means = [LaneMeans(hasExtensions: false, fewestWide: .max)]
    let hasExtensions = LaneMeans.ofThisMachine(SHA1Algorithm.self).hasExtensions
    if hasExtensions { means.append(LaneMeans(hasExtensions: true, fewestWide: .max)) }
    if LaneMeans.hasWideRegisters {
      means += [1, 3].map { LaneMeans(hasExtensions: false, fewestWide: $0) }
      if hasExtensions { means.append(LaneMeans(hasExtensions: true, fewestWide: 7)) }
    }
    return means
  }()

  @Test(arguments: everyMeans)
  private func lanesOfSHA1AreTheReferencesDigests(means: LaneMeans) {
    Self.check(SHA1Algorithm.self, means) { SHA1.hash($0) }
  }

  @Test(arguments: everyMeans)
  private func lanesOfSHA256AreTheReferencesDigests(means: LaneMeans) {
    Self.check(SHA256Algorithm.self, means) { SHA256.hash($0) }
  }

  /// OpenSSL has four digests at a time: where it is the way for few, the registers must be for more.
  @Test func aMachinesChoiceIsOneItCanMake() {
    for means in [
      LaneMeans.ofThisMachine(SHA1Algorithm.self), .ofThisMachine(SHA256Algorithm.self),
    ] {
      #expect(means.fewestWide > 16 || LaneMeans.hasWideRegisters)
      #expect((1...means.widest).allSatisfy { means.hasLanes($0) || $0 <= 4 })
      let (enough, most) = means.gathering
      #expect(enough <= most && most <= means.widest)
    }
    #expect(SHA1Lanes.widest >= SHA1Lanes.width && SHA256Lanes.widest >= SHA256Lanes.width)
  }

  /// FIPS 180-4's example, so that the reference is the right one.
  @Test func theReferenceKnowsTheStandardsVector() {
    let digest = SHA256.hash(Array("abc".utf8))
    let expected: [UInt8] = [
      0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22,
      0x23,
      0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15,
      0xad,
    ]
    #expect(digest.bytes == expected)
    #expect(Bytes32(expected) == digest && digest != .zero && Bytes32.zero < digest)
    #expect(Bytes32(expected.dropLast()) == nil)
  }
}

@Suite struct MerkleTreeTests {
  /// Level by level over all leaves, missing ones included.
  private static func plainRoot(_ leaves: [Bytes32], width: Int) -> Bytes32 {
    var nodes = leaves + Array(repeating: .zero, count: width - leaves.count)
    while nodes.count > 1 {
      nodes = stride(from: 0, to: nodes.count, by: 2).map {
        SHA256.hash(nodes[$0].bytes + nodes[$0 + 1].bytes)
      }
    }
    return nodes[0]
  }

  @Test func aRootIsThatOfTheWholeTree() {
    var lanes = SHA256Lanes()
    let leaves = (0..<40).map { SHA256.hash([UInt8($0)]) }
    for count in 1...40 {
      let some = Array(leaves.prefix(count))
      let width = MerkleTree.width(for: count)
      #expect(width >= count && width / 2 < count)
      #expect(MerkleTree.root(of: some, with: &lanes) == Self.plainRoot(some, width: width))
      #expect(MerkleTree.root(of: some, width: 64, with: &lanes) == Self.plainRoot(some, width: 64))
    }
    #expect(MerkleTree.root(of: [leaves[0]], with: &lanes) == leaves[0])
  }

  /// A layer above the leaves stands for the same tree: that is what piece layers are for.
  @Test func aHigherLayerHasTheSameRoot() {
    var lanes = SHA256Lanes()
    let leaves = (0..<13).map { SHA256.hash([UInt8($0)]) }
    let layer = stride(from: 0, to: 13, by: 4).map { start in
      MerkleTree.root(of: Array(leaves[start..<min(start + 4, 13)]), width: 4, with: &lanes)
    }
    #expect(
      MerkleTree.root(of: layer, height: 2, with: &lanes)
        == MerkleTree.root(of: leaves, with: &lanes))
  }
}
