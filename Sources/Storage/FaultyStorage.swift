public import TorrentModel

/// Another storage that fails on purpose: calls of one kind, by their number.
public final class FaultyStorage: PieceStorage {
  public enum Call: Hashable, Sendable {
    case prepare, read, write, send, presence, sync
  }

  /// Which calls fail, and how.
  public struct Fault: Sendable {
    let call: Call
    let numbers: ClosedRange<Int>
    let cause: StorageError.Cause

    /// - Parameter numbers: the first call of the kind has the number 1.
    public init(_ call: Call, _ numbers: ClosedRange<Int>, _ cause: StorageError.Cause) {
      self.call = call
      self.numbers = numbers
      self.cause = cause
    }

    /// One call fails.
    public init(_ call: Call, _ number: Int, _ cause: StorageError.Cause) {
      self.init(call, number...number, cause)
    }
  }

  private let base: any PieceStorage
  private let faults: [Fault]
  private let counts = Monitor<[Call: Int]>([:])

  public convenience init(_ base: any PieceStorage, failing faults: Fault...) {
    self.init(base, failing: faults)
  }

  public init(_ base: any PieceStorage, failing faults: [Fault]) {
    self.base = base
    self.faults = faults
  }

  /// Calls of a kind so far, failed ones among them.
  public func count(of call: Call) -> Int { counts.withLock { $0[call, default: 0] } }

  private func pass(_ call: Call, _ operation: StorageError.Operation) throws(StorageError) {
    let number = counts.withLock { counts in
      counts[call, default: 0] += 1
      return counts[call, default: 0]
    }
    for fault in faults where fault.call == call && fault.numbers.contains(number) {
      throw StorageError(operation, path: base.layout.name, fault.cause)
    }
  }

  public var layout: FileLayout { base.layout }

  public func prepare() throws(StorageError) {
    try pass(.prepare, .create)
    try base.prepare()
  }

  public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) {
    try pass(.write, .write)
    try base.write(bytes, at: offset)
  }

  public func read(
    into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) throws(StorageError) {
    try pass(.read, .read)
    try base.read(into: bytes, at: offset)
  }

  public func send(
    offset: UInt64, length: Int,
    _ body: (_ descriptor: Int32, _ fileOffset: Int64, _ length: Int) -> Int
  ) throws(StorageError) -> Int {
    try pass(.send, .read)
    return try base.send(offset: offset, length: length, body)
  }

  public func presence(offset: UInt64, length: UInt64) throws(StorageError) -> DataPresence {
    try pass(.presence, .read)
    return try base.presence(offset: offset, length: length)
  }

  public func readAhead(offset: UInt64, length: UInt64) {
    base.readAhead(offset: offset, length: length)
  }

  public func sync() throws(StorageError) {
    try pass(.sync, .sync)
    try base.sync()
  }

  public func marks() -> [FileMark] { base.marks() }
}
