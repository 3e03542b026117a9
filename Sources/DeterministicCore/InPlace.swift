import Synchronization

/// A part that makes a large value be passed by its address.
///
/// What the compiler can load it loads: each call of a method that only reads then begins with a copy
/// of the whole value, a kilobyte for a question that one bit answers. Of what holds an atomic, which
/// must not move, it takes the address, as it does for methods that change something.
///
/// Where such a value holds an optional that cannot be copied, a field of that is changed by one of its
/// own methods: of `optional!.field = value` Swift 6.3's optimiser keeps what the field held before.
public struct InPlace: ~Copyable, Sendable {
  private let anchor = Atomic<Bool>(false)

  public init() {}
}
