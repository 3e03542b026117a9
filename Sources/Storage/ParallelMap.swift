import Synchronization

/// A transformation of many elements on all processors at once.
///
/// The invariant: the values stand in the order of their elements, whichever thread made them.
enum ParallelMap {
  /// - Parameters:
  ///   - runLength: elements that a thread claims at a time; fewer than two runs are done here.
  ///   - threads: at most, this one among them.
  static func map<Element: Sendable, Value: Sendable>(
    _ elements: [Element], runLength: Int, threads: Int = WorkerThread.recommendedCount,
    _ transform: @escaping @Sendable (Element) -> Value
  ) -> [Value] {
    let runs = (elements.count + runLength - 1) / runLength
    guard runs > 1, threads > 1 else { return elements.map(transform) }
    let front = Front<Value>(runs: runs)
    let work: @Sendable () -> Void = {
      while let run = front.claim() {
        let start = run * runLength
        let values = elements[start..<min(start + runLength, elements.count)].map(transform)
        front.values.withLock { $0[run] = values }
      }
    }
    let helpers = (1..<min(threads, runs)).compactMap { number in
      WorkerThread(name: "shoal-map-\(number)", work)
    }
    work()
    for helper in helpers { helper.join() }
    return front.values.withLock { values in Array(values.joined()) }
  }

  /// What the threads share.
  private final class Front<Value: Sendable>: Sendable {
    let values: Monitor<[[Value]]>
    private let runs: Int
    private let next = Atomic<Int>(0)

    init(runs: Int) {
      self.runs = runs
      values = Monitor(Array(repeating: [], count: runs))
    }

    func claim() -> Int? {
      let run = next.wrappingAdd(1, ordering: .relaxed).oldValue
      return run < runs ? run : nil
    }
  }
}
