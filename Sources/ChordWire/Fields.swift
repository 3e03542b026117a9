import Bencoding
import TorrentModel

/// The keys of a dictionary of a message, each read as what it has to be. Keys that nobody reads are
/// left alone: a later version may have put them there.
struct Fields {
  let dictionary: BencodeValue
  /// What the dictionary was read from.
  let datagram: [UInt8]

  /// - Throws: when the value is no dictionary.
  init(
    _ value: BencodeValue?, named name: String, in datagram: [UInt8]
  ) throws(ChordWireError.Fault) {
    guard let value, value.entries != nil else { throw .malformed(name) }
    dictionary = value
    self.datagram = datagram
  }

  func has(_ key: String) -> Bool { dictionary[key] != nil }

  func optionalString(_ key: String) throws(ChordWireError.Fault) -> ArraySlice<UInt8>? {
    guard let value = dictionary[key] else { return nil }
    guard let string = value.string else { throw .malformed(key) }
    return string
  }

  func string(_ key: String, _ lengths: ClosedRange<Int>) throws(ChordWireError.Fault) -> [UInt8] {
    guard let string = try optionalString(key), lengths.contains(string.count) else {
      throw .malformed(key)
    }
    return Array(string)
  }

  func optionalString(
    _ key: String, _ lengths: ClosedRange<Int>
  ) throws(ChordWireError.Fault) -> [UInt8]? {
    has(key) ? try string(key, lengths) : nil
  }

  func identifier(_ key: String) throws(ChordWireError.Fault) -> Identifier {
    guard let bytes = try optionalString(key), let id = Identifier(bytes: bytes) else {
      throw .malformed(key)
    }
    return id
  }

  func optionalIdentifier(_ key: String) throws(ChordWireError.Fault) -> Identifier? {
    has(key) ? try identifier(key) : nil
  }

  func infoHash(_ key: String) throws(ChordWireError.Fault) -> InfoHash {
    guard let bytes = try optionalString(key), let hash = InfoHash(bytes: bytes) else {
      throw .malformed(key)
    }
    return hash
  }

  /// Eight bytes as a word.
  func word(_ key: String) throws(ChordWireError.Fault) -> UInt64 {
    try string(key, 8...8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  func integer(
    _ key: String, _ range: ClosedRange<Int64>
  ) throws(ChordWireError.Fault) -> Int64 {
    guard let number = dictionary[key]?.integer, range.contains(number) else {
      throw .malformed(key)
    }
    return number
  }

  func optionalInteger(
    _ key: String, _ range: ClosedRange<Int64>
  ) throws(ChordWireError.Fault) -> Int64? {
    has(key) ? try integer(key, range) : nil
  }

  /// Absent stands for no.
  func flag(_ key: String) throws(ChordWireError.Fault) -> Bool {
    try optionalInteger(key, 0...1) == 1
  }

  func list(_ key: String, most: Int) throws(ChordWireError.Fault) -> [BencodeValue] {
    guard let items = dictionary[key]?.list, items.count <= most else { throw .malformed(key) }
    return items
  }

  /// The bytes of a value of any kind as they stood in the datagram.
  func raw(_ key: String) throws(ChordWireError.Fault) -> [UInt8] {
    guard let range = dictionary[key]?.range else { throw .malformed(key) }
    return Array(datagram[range])
  }
}
