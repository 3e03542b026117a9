internal import CHashing

/// SHA-1 of up to four messages of one length at once, on one core: with the SHA instructions of the
/// processor 2.4 times as fast as one after another, and by OpenSSL where it has none.
///
/// The invariant: since the last digests the same number of bytes of each lane has been taken, in
/// whole blocks.
public struct SHA1Lanes: ~Copyable {
  /// Messages at once, at most.
  public static let width = Int(SHOAL_HASH_LANES)
  /// Bytes of which every part but the last is a multiple.
  public static let blockLength = 64

  /// Whether the processor has what makes lanes worth while.
  let usesInstructions: Bool
  private var states = InlineArray<20, UInt32>(repeating: 0)
  /// Blocks taken of each message.
  private var blocks = 0
  private let fallback = InlineArray<4, SHA1> { _ in SHA1() }

  public init() { self.init(isAccelerated: shoal_has_hash_lanes()) }

  /// - Parameter isAccelerated: false for OpenSSL's digest, true only where there are instructions.
  init(isAccelerated: Bool) {
    usesInstructions = isAccelerated
    start()
  }

  /// Takes the next part of each message: as many parts each time, all of one length.
  ///
  /// - Precondition: one to four parts of whole blocks.
  public mutating func update(_ parts: [UnsafeRawBufferPointer]) {
    let length = Self.commonLength(parts)
    precondition(length.isMultiple(of: Self.blockLength), "a part that is no whole blocks")
    guard usesInstructions else {
      for (lane, part) in parts.enumerated() { fallback[lane].update(part) }
      return
    }
    take(parts.map(\.baseAddress), blocks: length / Self.blockLength)
  }

  /// The digest of each message, which ends with the given part, and a fresh start.
  public mutating func finish(_ parts: [UnsafeRawBufferPointer]) -> [Bytes20] {
    let length = Self.commonLength(parts)
    guard usesInstructions else {
      return parts.enumerated().map { lane, part in
        fallback[lane].update(part)
        return fallback[lane].finish()
      }
    }
    take(parts.map(\.baseAddress), blocks: length / Self.blockLength)
    takePadding(parts, after: length / Self.blockLength * Self.blockLength)
    let digests = parts.indices.map { lane in
      let words = (0..<5).map { states[5 * lane + $0].bigEndian }
      return words.withUnsafeBytes { bytes in
        guard let digest = Bytes20(bytes) else { preconditionFailure("five words are 20 bytes") }
        return digest
      }
    }
    start()
    return digests
  }

  private static func commonLength(_ parts: [UnsafeRawBufferPointer]) -> Int {
    precondition((1...width).contains(parts.count), "\(parts.count) messages in \(width) lanes")
    let length = parts[0].count
    precondition(parts.allSatisfy { $0.count == length }, "messages of different lengths")
    return length
  }

  private mutating func start() {
    let initial: InlineArray<5, UInt32> = [
      0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0,
    ]
    for index in 0..<20 { states[index] = initial[index % 5] }
    blocks = 0
  }

  private mutating func take(_ messages: [UnsafeRawPointer?], blocks count: Int) {
    guard count > 0 else { return }
    var span = states.mutableSpan
    span.withUnsafeMutableBufferPointer { states in
      messages.withUnsafeBufferPointer { messages in
        shoal_sha1_lanes(
          states.baseAddress, messages.baseAddress, Int32(messages.count), count)
      }
    }
    blocks += count
  }

  /// What is left of each message behind `start`, a bit that is set, zeros, and the length in bits in
  /// the last eight bytes of a block (RFC 3174, 4).
  private mutating func takePadding(_ parts: [UnsafeRawBufferPointer], after start: Int) {
    let rest = parts[0].count - start
    let bits = UInt64(blocks * Self.blockLength + rest) * 8
    let count = rest + 9 > Self.blockLength ? 2 : 1
    let length = count * Self.blockLength
    withUnsafeTemporaryAllocation(byteCount: parts.count * length, alignment: 16) { padding in
      padding.initializeMemory(as: UInt8.self, repeating: 0)
      let lanes = parts.indices.map {
        UnsafeMutableRawBufferPointer(rebasing: padding[$0 * length..<($0 + 1) * length])
      }
      for (lane, part) in zip(lanes, parts) {
        lane.copyMemory(from: UnsafeRawBufferPointer(rebasing: part[start...]))
        lane[rest] = 0x80
        lane.storeBytes(of: bits.bigEndian, toByteOffset: length - 8, as: UInt64.self)
      }
      take(lanes.map { UnsafeRawPointer($0.baseAddress) }, blocks: count)
    }
  }
}
