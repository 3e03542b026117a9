/// RC4 as message stream encryption has it: the first 1024 bytes of the key stream, the weakest, are
/// thrown away. Known to be broken as a cipher; here it hides what is spoken, no more.
public struct RC4: Sendable {
  private var table: [UInt8]
  private var x: UInt8 = 0
  private var y: UInt8 = 0

  static let discarded = 1024

  /// - Precondition: a key of 1 to 256 bytes.
  init(key: [UInt8]) {
    precondition((1...256).contains(key.count), "a key that RC4 has no use for")
    table = (0...255).map { UInt8($0) }
    var place: UInt8 = 0
    for index in 0..<256 {
      place = place &+ table[index] &+ key[index % key.count]
      table.swapAt(index, Int(place))
    }
    var waste = [UInt8](repeating: 0, count: Self.discarded)
    apply(to: &waste)
  }

  /// Encrypts or decrypts, which is the same, the next bytes of the stream where they lie.
  public mutating func apply(to bytes: UnsafeMutableRawBufferPointer) {
    var x = x
    var y = y
    table.withUnsafeMutableBufferPointer { table in
      for index in bytes.indices {
        x &+= 1
        let first = table[Int(x)]
        y &+= first
        let second = table[Int(y)]
        table[Int(x)] = second
        table[Int(y)] = first
        bytes[index] ^= table[Int(first &+ second)]
      }
    }
    self.x = x
    self.y = y
  }

  public mutating func apply(to bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { apply(to: $0) }
  }

  mutating func applied(to bytes: some Collection<UInt8>) -> [UInt8] {
    var bytes = Array(bytes)
    apply(to: &bytes)
    return bytes
  }
}
