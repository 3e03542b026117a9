/// A small name for an element of a `Slab`: a slot and the generation in which it was filled, so
/// that a name kept past the element's removal finds nothing instead of a stranger.
public struct SlabID: Hashable, Comparable, Sendable, BitwiseCopyable {
  public let slot: UInt32
  public let generation: UInt32

  @inlinable
  public init(slot: UInt32, generation: UInt32) {
    self.slot = slot
    self.generation = generation
  }

  /// One word that holds both, for interfaces that carry a single number.
  @inlinable
  public var word: UInt64 { UInt64(generation) << 32 | UInt64(slot) }

  @inlinable
  public init(word: UInt64) {
    self.init(slot: UInt32(truncatingIfNeeded: word), generation: UInt32(word >> 32))
  }

  @inlinable
  public static func < (left: SlabID, right: SlabID) -> Bool { left.word < right.word }
}
