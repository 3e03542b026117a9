import Bencoding
import DeterministicCore
import Testing

@Suite struct BencodeHostileTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let input: String
    let fault: BencodeError.Fault
    let position: Int

    init(_ input: String, _ fault: BencodeError.Fault, _ position: Int) {
      self.input = input
      self.fault = fault
      self.position = position
    }

    var testDescription: String { input }
  }

  @Test(arguments: [
    Case("", .empty, 0),
    Case("e", .unexpectedByte, 0),
    Case("x", .unexpectedByte, 0),
    Case("-1:a", .unexpectedByte, 0),
    Case(" i1e", .unexpectedByte, 0),
    Case("ie", .malformedInteger, 1),
    Case("i-e", .malformedInteger, 2),
    Case("i-0e", .malformedInteger, 0),
    Case("i00e", .malformedInteger, 1),
    Case("i01e", .malformedInteger, 1),
    Case("i-01e", .malformedInteger, 2),
    Case("i+1e", .malformedInteger, 1),
    Case("i1.5e", .malformedInteger, 2),
    Case("i 1e", .malformedInteger, 1),
    Case("i--1e", .malformedInteger, 2),
    Case("i1", .truncated, 2),
    Case("i9223372036854775808e", .integerOverflow, 0),
    Case("i-9223372036854775809e", .integerOverflow, 0),
    Case("i18446744073709551616e", .integerOverflow, 1),
    Case("i99999999999999999999999999e", .integerOverflow, 1),
    Case("01:a", .malformedLength, 0),
    Case("00:", .malformedLength, 0),
    Case("1x:a", .malformedLength, 1),
    Case("1", .truncated, 1),
    Case("5:spam", .stringPastEnd, 0),
    Case("9223372036854775807:a", .stringPastEnd, 0),
    Case("18446744073709551615:a", .stringPastEnd, 0),
    Case("18446744073709551616:a", .integerOverflow, 0),
    Case("4294967296:a", .stringPastEnd, 0),
    Case("l", .truncated, 1),
    Case("li1e", .truncated, 4),
    Case("d", .truncated, 1),
    Case("di1ei2ee", .keyNotString, 1),
    Case("dleleee", .keyNotString, 1),
    Case("d1:ae", .keyWithoutValue, 4),
    Case("d1:a1:b1:ce", .keyWithoutValue, 10),
    Case("d1:ai1e1:ai2ee", .keysOutOfOrder, 7),
    Case("d1:bi1e1:ai2ee", .keysOutOfOrder, 7),
    Case("d2:aai1e1:ai2ee", .keysOutOfOrder, 8),
    Case("i1ei2e", .trailingBytes, 3),
    Case("i1ee", .trailingBytes, 3),
    Case("de\n", .trailingBytes, 2),
  ])
  func malformedInputIsRefusedAtItsByte(_ test: Case) {
    #expect(throws: BencodeError(test.fault, at: test.position)) {
      try BencodeDecoder().decode(Array(test.input.utf8))
    }
  }

  @Test(arguments: [
    "i0e", "i-1e", "i9223372036854775807e", "i-9223372036854775808e", "0:", "le", "de",
  ])
  func theEdgesOfTheFormatAreTaken(input: String) throws {
    let bytes = Array(input.utf8)
    #expect(BencodeEncoder.encode(try BencodeDecoder().decode(bytes)) == bytes)
  }

  @Test(arguments: [UInt8(ascii: "l"), UInt8(ascii: "d")])
  func threeHundredThousandLevelsAreRefusedAtTheLimit(opening: UInt8) {
    let level = opening == UInt8(ascii: "l") ? [opening] : Array("d1:a".utf8)
    let bytes = Array((0..<300_000).map { _ in level }.joined())
    #expect(throws: BencodeError(.tooDeep, at: 64 * level.count)) {
      try BencodeDecoder(limits: .metainfo).decode(bytes)
    }
  }

  @Test func aFloodOfValuesIsRefusedAtTheLimit() {
    let limits = BencodeDecoder.Limits(depth: 4, values: 1000, length: 1 << 20)
    let fits = Array("l".utf8) + (0..<998).flatMap { _ in Array("0:".utf8) } + Array("e".utf8)
    #expect(throws: Never.self) { try BencodeDecoder(limits: limits).decode(fits) }
    let flood = Array("l".utf8) + (0..<1000).flatMap { _ in Array("0:".utf8) } + Array("e".utf8)
    #expect(throws: BencodeError(.tooManyValues, at: 1 + 2 * 998)) {
      try BencodeDecoder(limits: limits).decode(flood)
    }
  }

  @Test(arguments: [("de", 333, 3), ("le", 499, 2)])
  func containersCountForTheRoomTheyTake(value: String, most: Int, weight: Int) {
    let limits = BencodeDecoder.Limits(depth: 4, values: 2 + most * weight, length: 1 << 20)
    let list = { (count: Int) in Array(("l" + String(repeating: value, count: count) + "e").utf8) }
    #expect(throws: Never.self) { try BencodeDecoder(limits: limits).decode(list(most)) }
    #expect(throws: BencodeError(.tooManyValues, at: 1 + 2 * most)) {
      try BencodeDecoder(limits: limits).decode(list(most + 1))
    }
  }

  @Test func moreInputThanAllowedIsNotLookedAt() {
    let limits = BencodeDecoder.Limits(depth: 4, values: 10, length: 3)
    #expect(throws: BencodeError(.tooLong, at: 3)) {
      try BencodeDecoder(limits: limits).decode(Array("i10e".utf8))
    }
    #expect(throws: Never.self) { try BencodeDecoder(limits: limits).decode(Array("i1e".utf8)) }
  }

  @Test(arguments: 0..<20 as Range<UInt64>) func everyTruncationIsRefused(seed: UInt64) {
    var generator = BencodeGenerator(seed: seed)
    let bytes = BencodeEncoder.encode(.list([generator.value(), generator.value(), .integer(1)]))
    for end in 0..<bytes.count {
      #expect(throws: BencodeError.self, "the first \(end) bytes") {
        try BencodeDecoder().decode(Array(bytes[..<end]))
      }
    }
  }

  /// The format has one spelling for each value, so whatever is taken must come out again.
  @Test(arguments: 0..<200 as Range<UInt64>) func changedBytesAreRefusedOrCanonical(
    seed: UInt64
  ) {
    var generator = BencodeGenerator(seed: seed)
    var bytes = BencodeEncoder.encode(generator.dictionary(depth: 4))
    for _ in 0..<20 {
      let place = generator.random.below(bytes.count)
      switch generator.random.below(3) {
      case 0: bytes[place] = UInt8(truncatingIfNeeded: generator.random.next())
      case 1: bytes.remove(at: place)
      default: bytes.insert(UInt8(truncatingIfNeeded: generator.random.next()), at: place)
      }
      guard !bytes.isEmpty else { return }
      checkCanonical(bytes)
    }
  }

  @Test(arguments: 0..<200 as Range<UInt64>) func soupOfTheFormatsOwnBytesIsRefusedOrCanonical(
    seed: UInt64
  ) {
    var random = SeededGenerator(seed: seed)
    let alphabet = Array("iiilldde0011234e:::-".utf8)
    for _ in 0..<50 {
      checkCanonical((0..<random.below(24)).map { _ in alphabet[random.below(alphabet.count)] })
    }
  }

  private func checkCanonical(_ bytes: [UInt8]) {
    do {
      let value = try BencodeDecoder().decode(bytes)
      #expect(BencodeEncoder.encode(value) == bytes)
    } catch {
      #expect((0...bytes.count).contains(error.position), "\(error) in \(bytes)")
    }
  }
}
