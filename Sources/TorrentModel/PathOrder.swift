/// The one order of paths: component by component, by the bytes of the names, as file systems tell them
/// apart and as BEP 52 lists them. Swift's own order of strings depends on its version of Unicode, and
/// takes two spellings of one letter for one.
public enum PathOrder {
  /// How two paths stand to each other.
  enum Relation {
    case before, after, equal
    /// The first is a folder in which the second lies, or the other way round.
    case leadsTo, liesIn
  }

  static func relation(_ left: [String], _ right: [String]) -> Relation {
    for depth in 0..<min(left.count, right.count) {
      let order = compare(left[depth], right[depth])
      if order != 0 { return order < 0 ? .before : .after }
    }
    if left.count == right.count { return .equal }
    return left.count < right.count ? .leadsTo : .liesIn
  }

  /// Whether a path stands before another; a folder does before what lies in it.
  public static func precedes(_ left: [String], _ right: [String]) -> Bool {
    switch relation(left, right) {
    case .before, .leadsTo: true
    case .after, .equal, .liesIn: false
    }
  }

  /// Less than zero where the first name stands before the second, zero where they are the same.
  static func compare(_ left: String, _ right: String) -> Int {
    left.withBytes { left in
      right.withBytes { right in
        for place in 0..<min(left.count, right.count) where left[place] != right[place] {
          return left[place] < right[place] ? -1 : 1
        }
        return left.count - right.count
      }
    }
  }
}

extension String {
  /// Looks at the text's UTF-8 where it lies.
  @inline(__always)
  func withBytes<Value>(_ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value {
    utf8.withContiguousStorageIfAvailable(body) ?? Array(utf8).withUnsafeBufferPointer(body)
  }
}
