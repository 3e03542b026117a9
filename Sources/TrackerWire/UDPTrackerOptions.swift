/// The options that may stand behind a UDP announce (BEP 41): kind, length, data; the first two
/// kinds are single bytes.
enum UDPTrackerOptions {
  private static let end: UInt8 = 0
  private static let padding: UInt8 = 1
  private static let urlData: UInt8 = 2
  private static let longestOption = 255

  /// The pieces of URL data put together. Bytes that are no options are passed over: an early draft
  /// of BEP 15 put two others there, and some clients still do.
  static func urlData(in datagram: RawSpan, from start: Int) -> [UInt8] {
    var data: [UInt8] = []
    var position = start
    while position < datagram.byteCount {
      let kind = datagram.byte(at: position)
      position += 1
      if kind == end { break }
      if kind == padding { continue }
      guard position < datagram.byteCount else { return [] }
      let length = Int(datagram.byte(at: position))
      position += 1
      guard length <= datagram.byteCount - position else { return [] }
      if kind == urlData { data += datagram.bytes(position..<position + length) }
      position += length
    }
    return data
  }

  static func append(urlData data: [UInt8], to bytes: inout [UInt8]) {
    var rest = data[...]
    while !rest.isEmpty {
      let piece = rest.prefix(longestOption)
      bytes.append(urlData)
      bytes.append(UInt8(piece.count))
      bytes.append(contentsOf: piece)
      rest = rest.dropFirst(piece.count)
    }
  }
}

extension RawSpan {
  func require(_ length: Int) throws(TrackerWireError) {
    guard byteCount >= length else { throw .shortDatagram(length: byteCount, needed: length) }
  }

  @inline(__always)
  func byte(at offset: Int) -> UInt8 { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

  @inline(__always)
  func word16(at offset: Int) -> UInt16 {
    UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  @inline(__always)
  func word32(at offset: Int) -> UInt32 {
    UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  @inline(__always)
  func word64(at offset: Int) -> UInt64 {
    UInt64(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  func bytes(_ range: Range<Int>) -> [UInt8] {
    extracting(range).withUnsafeBytes { Array($0) }
  }
}
