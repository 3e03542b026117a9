/// The checksum with the Castagnoli polynomial (RFC 3720, appendix B.4), of the few bytes that BEP 40
/// and BEP 42 take it of: bit by bit, without a table.
public enum CRC32C {
  public static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
    }
    return ~crc
  }
}
