/// What each end of each connection has asked for and had no answer to, as the world saw it pass:
/// kept while the invariants are looked at, whatever the swarms believe.
struct RequestBook {
  /// By the flow of the host that asked.
  private var asked: [[BlockName]] = []

  mutating func ask(_ block: BlockName, on flow: UInt32) {
    while asked.count <= Int(flow) { asked.append([]) }
    asked[Int(flow)].append(block)
  }

  /// The block has come, was refused, or is not wanted any more. One that comes although it was
  /// cancelled settles nothing.
  mutating func settle(_ block: BlockName, on flow: UInt32) {
    guard Int(flow) < asked.count, let place = asked[Int(flow)].firstIndex(of: block) else {
      return
    }
    asked[Int(flow)].remove(at: place)
  }

  /// The connection is over.
  mutating func clear(_ flow: UInt32) {
    if Int(flow) < asked.count { asked[Int(flow)] = [] }
  }

  func count(on flow: UInt32) -> Int { Int(flow) < asked.count ? asked[Int(flow)].count : 0 }

  func isAsked(_ block: BlockName, on flow: UInt32) -> Bool {
    Int(flow) < asked.count && asked[Int(flow)].contains(block)
  }
}
