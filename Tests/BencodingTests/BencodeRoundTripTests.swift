import Bencoding
import DeterministicCore
import Testing

@Suite struct BencodeRoundTripTests {
  @Test(arguments: 0..<200 as Range<UInt64>) func whatIsEncodedDecodesToTheSame(seed: UInt64) throws
  {
    var generator = BencodeGenerator(seed: seed)
    let value = generator.value()
    let bytes = BencodeEncoder.encode(value)
    let decoded = try BencodeDecoder().decode(bytes)
    #expect(same(decoded, value))
    #expect(decoded.range == 0..<bytes.count)
    #expect(BencodeEncoder.encode(decoded) == bytes)
  }

  @Test(arguments: 0..<50 as Range<UInt64>) func anEncoderCountsWhatADecoderCounts(
    seed: UInt64
  ) throws {
    var generator = BencodeGenerator(seed: seed)
    var encoder = BencodeEncoder()
    encoder.append(generator.value())
    func decode(atMost values: Int) throws {
      let limits = BencodeDecoder.Limits(depth: 64, values: values, length: 1 << 20)
      _ = try BencodeDecoder(limits: limits).decode(encoder.bytes)
    }
    try decode(atMost: encoder.values)
    let error = #expect(throws: BencodeError.self) { try decode(atMost: encoder.values - 1) }
    #expect(error?.fault == .tooManyValues)
  }

  @Test func whatIsWrittenPieceByPieceIsTheSame() throws {
    let numbers: [Int64] = [0, 9, 10, 99, 100, 1234, -1, -10, .max, .min]
    let list = BencodeValue.list(numbers.map { .integer($0) })
    let whole = BencodeValue.dictionary([("a", list), ("b", .string("text")), ("c", .list([]))])
    var inner = BencodeEncoder()
    inner.append(list)
    var encoder = BencodeEncoder()
    encoder.beginDictionary()
    encoder.append(key: "a")
    encoder.append(inner)
    encoder.append(key: "b")
    encoder.append(values: 1, atMost: 100) { bytes in
      for byte in "4:text".utf8 { bytes.append(byte) }
    }
    encoder.append(key: "c")
    encoder.beginList()
    encoder.end()
    encoder.end()
    #expect(encoder.bytes == BencodeEncoder.encode(whole))
    let spelled = numbers.map { "i\($0)e" }.joined()
    #expect(encoder.bytes == Array("d1:al\(spelled)e1:b4:text1:clee".utf8))
    #expect(encoder.values == 3 + 2 + numbers.count + 1 + 2)
  }

  @Test(arguments: 0..<50 as Range<UInt64>) func rangesAreTheBytesValuesWereReadFrom(
    seed: UInt64
  ) throws {
    var generator = BencodeGenerator(seed: seed)
    let bytes = BencodeEncoder.encode(generator.value())
    func check(_ value: BencodeValue) throws {
      let range = try #require(value.range)
      #expect(BencodeEncoder.encode(value) == Array(bytes[range]))
      for item in value.list ?? [] { try check(item) }
      for entry in value.entries ?? [] { try check(entry.value) }
    }
    try check(try BencodeDecoder().decode(bytes))
  }

  @Test(arguments: 0..<50 as Range<UInt64>) func aPrefixEndsWhereItsValueEnds(seed: UInt64) throws {
    var generator = BencodeGenerator(seed: seed)
    let bytes = BencodeEncoder.encode(generator.value())
    let (value, end) = try BencodeDecoder().decodePrefix(bytes + Array("raw data".utf8))
    #expect(end == bytes.count)
    #expect(BencodeEncoder.encode(value) == bytes)
    #expect(throws: BencodeError(.trailingBytes, at: bytes.count)) {
      try BencodeDecoder().decode(bytes + [0])
    }
  }

  @Test func valuesAreReadByTheirKind() throws {
    let value = try decode("d1:ai-7e1:b4:spam1:cli1ei2ee1:d2:\u{7f}\u{7f}e")
    #expect(value["a"]?.integer == -7)
    #expect(value["b"]?.text == "spam")
    #expect(value["c"]?.list?.compactMap(\.integer) == [1, 2])
    #expect(value["z"] == nil)
    #expect(value["a"]?["a"] == nil)
    #expect(value["b"]?.integer == nil)
    #expect(value["a"]?.string == nil)
    #expect(value.list == nil)
    #expect(try BencodeDecoder().decode([0x31, 0x3a, 0xff]).text == nil)
  }

  @Test func everyKeyIsFoundAmongMany() throws {
    let keys = (0..<500).map { "key \($0 * 7919 % 500)" }
    let value = BencodeValue.dictionary(
      keys.enumerated().map { ($1, .integer(Int64($0))) })
    let decoded = try BencodeDecoder().decode(BencodeEncoder.encode(value))
    for (number, key) in keys.enumerated() { #expect(decoded[key]?.integer == Int64(number)) }
  }

  @Test func settingAKeyLeavesTheOthersAsTheyWere() throws {
    let value = try decode("d1:ai1e1:ci3ee")
    #expect(text(value.setting("b", to: .integer(2))) == "d1:ai1e1:bi2e1:ci3ee")
    #expect(text(value.setting("c", to: .integer(9))) == "d1:ai1e1:ci9ee")
    #expect(text(value.setting("a", to: nil)) == "d1:ci3ee")
    #expect(text(value.setting("d", to: .list([]))) == "d1:ai1e1:ci3e1:dlee")
  }

  private func decode(_ text: String) throws -> BencodeValue {
    try BencodeDecoder().decode(Array(text.utf8))
  }

  private func text(_ value: BencodeValue) -> String {
    String(decoding: BencodeEncoder.encode(value), as: UTF8.self)
  }
}
