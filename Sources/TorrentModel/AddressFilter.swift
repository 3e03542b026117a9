/// Addresses that nobody is to speak to, as ranges.
///
/// The invariant: of either family, ranges stand in order and neither meet nor overlap, so that one
/// search in halves finds the only one that could hold an address.
public struct AddressFilter: Hashable, Sendable {
  private var v4 = SortedRanges<UInt32>()
  private var v6 = SortedRanges<UInt128>()

  public init() {}

  /// - Parameter ranges: in any order, overlapping or not, each within one family.
  init(v4: [ClosedRange<UInt32>], v6: [ClosedRange<UInt128>]) {
    self.v4 = SortedRanges(v4)
    self.v6 = SortedRanges(v6)
  }

  /// Ranges, those that met put together.
  public var count: Int { v4.starts.count + v6.starts.count }

  public func blocks(_ address: Address) -> Bool {
    switch address {
    case .v4(let word): v4.contains(word)
    case .v6(let high, let low): v6.contains(UInt128(high) << 64 | UInt128(low))
    }
  }
}

/// Ranges of numbers in order, none of which meets another.
private struct SortedRanges<Number: FixedWidthInteger & UnsignedInteger & Sendable>: Hashable,
  Sendable
{
  private(set) var starts: [Number] = []
  private var ends: [Number] = []

  init(_ ranges: [ClosedRange<Number>] = []) {
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = ends.last, last == .max || range.lowerBound <= last + 1 {
        ends[ends.count - 1] = max(last, range.upperBound)
      } else {
        starts.append(range.lowerBound)
        ends.append(range.upperBound)
      }
    }
  }

  func contains(_ number: Number) -> Bool {
    var low = 0
    var high = starts.count
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] <= number { low = middle + 1 } else { high = middle }
    }
    return low > 0 && number <= ends[low - 1]
  }
}
