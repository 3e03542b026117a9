internal import CHashing

/// A digest that is made of several messages side by side: blocks of 64 bytes taken into a state of
/// up to eight words, and padding that ends in the length in bits.
public protocol LaneAlgorithm {
  associatedtype Digest: Sendable

  /// The state before the first block; its words are the digest in the end.
  static var initialState: [UInt32] { get }
  /// From how many messages on they are hashed sooner in the widest registers than in any other way, on
  /// this machine.
  static var fewestWide: Int { get }
  /// What OpenSSL calls it.
  static var name: StaticString { get }
  /// Takes blocks of each message into its state with the SHA instructions of the processor; only where
  /// it has them, and up to `HashLanes.width` messages.
  static func takeNarrow(
    _ states: UnsafeMutablePointer<UInt32>, _ messages: UnsafePointer<UnsafeRawPointer?>,
    lanes: Int, blocks: Int)
  /// The same in the widest registers, and up to sixteen messages.
  static func takeWide(
    _ states: UnsafeMutablePointer<UInt32>, _ messages: UnsafePointer<UnsafeRawPointer?>,
    lanes: Int, blocks: Int)
  /// The digest that bytes begin with.
  static func digest(_ bytes: UnsafeRawBufferPointer) -> Digest
}

/// RFC 3174.
public enum SHA1Algorithm: LaneAlgorithm {
  public static let initialState: [UInt32] = [
    0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0,
  ]
  public static let fewestWide = Int(shoal_fewest_wide_sha1())
  public static let name: StaticString = "SHA1"

  public static func takeNarrow(
    _ states: UnsafeMutablePointer<UInt32>, _ messages: UnsafePointer<UnsafeRawPointer?>,
    lanes: Int, blocks: Int
  ) {
    shoal_sha1_narrow(states, messages, Int32(lanes), blocks)
  }

  public static func takeWide(
    _ states: UnsafeMutablePointer<UInt32>, _ messages: UnsafePointer<UnsafeRawPointer?>,
    lanes: Int, blocks: Int
  ) {
    shoal_sha1_wide(states, messages, Int32(lanes), blocks)
  }

  public static func digest(_ bytes: UnsafeRawBufferPointer) -> Bytes20 {
    Bytes20(bytes.bytes, at: 0)
  }
}

/// RFC 6234.
public enum SHA256Algorithm: LaneAlgorithm {
  public static let initialState: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  public static let fewestWide = Int(shoal_fewest_wide_sha256())
  public static let name: StaticString = "SHA256"

  public static func takeNarrow(
    _ states: UnsafeMutablePointer<UInt32>, _ messages: UnsafePointer<UnsafeRawPointer?>,
    lanes: Int, blocks: Int
  ) {
    shoal_sha256_narrow(states, messages, Int32(lanes), blocks)
  }

  public static func takeWide(
    _ states: UnsafeMutablePointer<UInt32>, _ messages: UnsafePointer<UnsafeRawPointer?>,
    lanes: Int, blocks: Int
  ) {
    shoal_sha256_wide(states, messages, Int32(lanes), blocks)
  }

  public static func digest(_ bytes: UnsafeRawBufferPointer) -> Bytes32 {
    Bytes32(bytes.bytes, at: 0)
  }
}
