/// Bytes as they come in, of which no more are asked for than must come.
struct EncryptionInput: Sendable {
  private(set) var bytes: [UInt8] = []
  private var searched = 0

  mutating func append(_ more: some Collection<UInt8>) { bytes += more }

  /// Takes the first bytes out, if they have all arrived.
  mutating func take(_ count: Int) -> [UInt8]? {
    guard bytes.count >= count else { return nil }
    let taken = Array(bytes.prefix(count))
    bytes.removeFirst(count)
    return taken
  }

  /// Takes out everything up to and including `marker`, if it has arrived.
  ///
  /// - Throws: once it does not stand behind the most padding there may be.
  mutating func skip(through marker: [UInt8]) throws(PeerWireError) -> Bool {
    let last = bytes.count - marker.count
    while searched <= min(last, EncryptionChance.mostPadding) {
      if bytes[searched..<searched + marker.count].elementsEqual(marker) {
        bytes.removeFirst(searched + marker.count)
        return true
      }
      searched += 1
    }
    guard searched <= EncryptionChance.mostPadding else {
      throw .badEncryption("no end of the padding")
    }
    return false
  }

  /// Bytes that must come before the marker can end, and `rest` behind it.
  func missing(marker: [UInt8], rest: Int) -> Int {
    max(1, marker.count - bytes.count) + rest
  }
}

extension [UInt8] {
  /// The four bytes at an offset as a number in network order.
  func word(at offset: Int) -> UInt32 {
    self[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }
}
