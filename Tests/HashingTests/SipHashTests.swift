import Hashing
import Testing

/// The hash of whole bytes, as the reference implementation takes them.
private func hash(_ message: [UInt8]) -> UInt64 {
  var hash = SipHash(SipHash.Key(low: 0x0706_0504_0302_0100, high: 0x0f0e_0d0c_0b0a_0908))
  let word = { (bytes: ArraySlice<UInt8>) in
    bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  }
  var rest = message[...]
  while rest.count >= 8 {
    hash.absorb(word(rest.prefix(8)))
    rest = rest.dropFirst(8)
  }
  return hash.finish(tail: word(rest), tailLength: UInt64(rest.count))
}

@Suite struct SipHashing {
  /// The reference vectors of SipHash-2-4: the key is 00…0f, the message 00, 01, … of each length.
  @Test(
    arguments: [
      (0, 0x726f_db47_dd0e_0e31), (1, 0x74f8_39c5_93dc_67fd), (2, 0x0d6c_8009_d9a9_4f5a),
      (3, 0x8567_6696_d7fb_7e2d), (7, 0xab02_00f5_8b01_d137), (8, 0x93f5_f579_9a93_2462),
      (15, 0xa129_ca61_49be_45e5),
    ] as [(Int, UInt64)])
  func `the reference vectors come out`(length: Int, expected: UInt64) {
    #expect(hash((0..<length).map { UInt8($0) }) == expected)
  }
}
