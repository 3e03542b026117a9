internal import CHashing

/// SHA-1 of several messages at once, as the pieces of a torrent are hashed.
public typealias SHA1Lanes = HashLanes<SHA1Algorithm>
/// SHA-256 of several messages at once, as the blocks of BitTorrent v2 are hashed (BEP 52).
public typealias SHA256Lanes = HashLanes<SHA256Algorithm>

/// Digests of messages of one length at once, on one core: some in the widest registers, fewer with the
/// SHA instructions of the processor, and by OpenSSL one after another where it has neither. AMD's hash
/// four side by side more than twice as fast as one alone; Intel's need more of them for that.
///
/// The invariant: since the last digests the same number of bytes of each lane has been taken, in
/// whole blocks, and in the same way.
public struct HashLanes<Algorithm: LaneAlgorithm>: ~Copyable {
  /// Messages at once on any machine.
  public static var width: Int { Int(SHOAL_NARROW_LANES) }
  /// Messages at once, at most, on this machine.
  public static var widest: Int { LaneMeans.ofThisMachine(Algorithm.self).widest }
  /// How many messages that come one by one are worth waiting for on this machine, and how many are worth
  /// taking at once where more have come.
  public static var gathering: (enough: Int, most: Int) {
    LaneMeans.ofThisMachine(Algorithm.self).gathering
  }
  /// Bytes of which every part but the last is a multiple.
  public static var blockLength: Int { 64 }

  let means: LaneMeans
  /// The states of the lanes one after another.
  private var states: [UInt32]
  /// Blocks taken of each message.
  private var blocks = 0
  private let fallback = InlineArray<4, MessageDigest> { _ in MessageDigest(Algorithm.name) }

  public init() { self.init(.ofThisMachine(Algorithm.self)) }

  init(_ means: LaneMeans) {
    self.means = means
    states = Self.initialStates(means.widest)
  }

  private static func initialStates(_ lanes: Int) -> [UInt32] {
    (0..<lanes).flatMap { _ in Algorithm.initialState }
  }

  /// Takes the next part of each message: as many parts each time, all of one length.
  ///
  /// - Precondition: one to `widest` parts of whole blocks.
  @specialized(where Algorithm == SHA1Algorithm)
  @specialized(where Algorithm == SHA256Algorithm)
  public mutating func update(_ parts: [UnsafeRawBufferPointer]) {
    let length = commonLength(parts)
    precondition(length.isMultiple(of: Self.blockLength), "a part that is no whole blocks")
    guard means.hasLanes(parts.count) else {
      for (lane, part) in parts.enumerated() { fallback[lane].update(part) }
      return
    }
    take(parts, blocks: length / Self.blockLength)
  }

  /// The digest of each message, which ends with the given part, and a fresh start.
  @specialized(where Algorithm == SHA1Algorithm)
  @specialized(where Algorithm == SHA256Algorithm)
  public mutating func finish(_ parts: [UnsafeRawBufferPointer]) -> [Algorithm.Digest] {
    let length = commonLength(parts)
    guard means.hasLanes(parts.count) else {
      return parts.enumerated().map { lane, part in
        fallback[lane].update(part)
        return fallback[lane].finish(Algorithm.digest)
      }
    }
    take(parts, blocks: length / Self.blockLength)
    takePadding(parts, after: length / Self.blockLength * Self.blockLength)
    let words = states.count / means.widest
    let digests = states.withUnsafeMutableBufferPointer { states in
      for index in 0..<words * parts.count { states[index] = states[index].bigEndian }
      let bytes = UnsafeRawBufferPointer(states)
      return parts.indices.map { lane in
        Algorithm.digest(UnsafeRawBufferPointer(rebasing: bytes[(4 * words * lane)...]))
      }
    }
    startAfresh(lanes: parts.count)
    return digests
  }

  /// Whichever lanes were used: one message alone is not to pay for sixteen.
  private mutating func startAfresh(lanes: Int) {
    let initial = Algorithm.initialState
    for lane in 0..<lanes {
      for word in initial.indices { states[lane * initial.count + word] = initial[word] }
    }
    blocks = 0
  }

  private func commonLength(_ parts: [UnsafeRawBufferPointer]) -> Int {
    let most = means.widest
    precondition((1...most).contains(parts.count), "\(parts.count) messages in \(most) lanes")
    let length = parts[0].count
    precondition(parts.allSatisfy { $0.count == length }, "messages of different lengths")
    return length
  }

  private mutating func take(_ parts: [UnsafeRawBufferPointer], blocks count: Int) {
    withUnsafeTemporaryAllocation(of: UnsafeRawPointer?.self, capacity: parts.count) { messages in
      for lane in parts.indices { messages[lane] = parts[lane].baseAddress }
      take(messages, blocks: count)
    }
  }

  private mutating func take(
    _ messages: UnsafeMutableBufferPointer<UnsafeRawPointer?>, blocks count: Int
  ) {
    guard count > 0 else { return }
    let words = states.count / means.widest
    states.withUnsafeMutableBufferPointer { states in
      guard let states = states.baseAddress, let first = messages.baseAddress else { return }
      guard messages.count < means.fewestWide else {
        return Algorithm.takeWide(states, first, lanes: messages.count, blocks: count)
      }
      for lane in stride(from: 0, to: messages.count, by: Self.width) {
        Algorithm.takeNarrow(
          states + words * lane, first + lane, lanes: min(Self.width, messages.count - lane),
          blocks: count)
      }
    }
    blocks += count
  }

  /// What is left of each message behind `start`, a bit that is set, zeros, and the length in bits in
  /// the last eight bytes of a block (RFC 6234, 4.1). Where nothing is left, all messages end alike.
  private mutating func takePadding(_ parts: [UnsafeRawBufferPointer], after start: Int) {
    let rest = parts[0].count - start
    let bits = UInt64(blocks * Self.blockLength + rest) * 8
    let count = rest + 9 > Self.blockLength ? 2 : 1
    let length = count * Self.blockLength
    let step = rest == 0 ? 0 : length
    withUnsafeTemporaryAllocation(
      byteCount: max(length, parts.count * step), alignment: 16
    ) { padding in
      padding.initializeMemory(as: UInt8.self, repeating: 0)
      withUnsafeTemporaryAllocation(of: UnsafeRawPointer?.self, capacity: parts.count) { messages in
        for lane in parts.indices {
          let message = UnsafeMutableRawBufferPointer(
            rebasing: padding[lane * step..<lane * step + length])
          if rest > 0 {
            message.copyMemory(from: UnsafeRawBufferPointer(rebasing: parts[lane][start...]))
          }
          message[rest] = 0x80
          message.storeBytes(of: bits.bigEndian, toByteOffset: length - 8, as: UInt64.self)
          messages[lane] = UnsafeRawPointer(message.baseAddress)
        }
        take(messages, blocks: count)
      }
    }
  }
}
