import DeterministicCore
import Storage
import Synchronization
import TorrentModel

/// Another storage, which sends a share of its blocks with every byte wrong, or so many and no more.
final class PoisonedStorage: PieceStorage {
  private let base: any PieceStorage
  private let poison: any PieceStorage
  private let perHundred: Int
  private let mostWrong: Int
  /// Told of each block whose first byte goes out, and whether it is wrong.
  private let sent: @Sendable (_ offset: UInt64, _ isWrong: Bool) -> Void
  private let state: Mutex<State>

  private struct State {
    var generator: SeededGenerator
    /// The blocks that are going out, by their offsets.
    var isWrong: [UInt64: Bool] = [:]
    var wrongCount = 0
  }

  /// - Parameters:
  ///   - poison: what a wrong block is sent from.
  ///   - perHundred: blocks of a hundred that are wrong, until `mostWrong` were.
  init(
    _ base: any PieceStorage, poison: any PieceStorage, perHundred: Int, mostWrong: Int = .max,
    seed: UInt64,
    sent: @escaping @Sendable (_ offset: UInt64, _ isWrong: Bool) -> Void
  ) {
    self.base = base
    self.poison = poison
    self.perHundred = perHundred
    self.mostWrong = mostWrong
    self.sent = sent
    state = Mutex(State(generator: SeededGenerator(seed: seed)))
  }

  private static let blockLength = UInt64(PieceGeometry.standardBlockLength)

  /// Drawn anew each time a block's first byte goes out.
  private func isWrong(at offset: UInt64) -> Bool {
    let start = offset / Self.blockLength * Self.blockLength
    return state.withLock { state in
      if offset == start {
        let isWrong =
          state.generator.below(100) < perHundred && state.wrongCount < mostWrong
        if isWrong { state.wrongCount += 1 }
        state.isWrong[start] = isWrong
        sent(start, isWrong)
      }
      return state.isWrong[start] ?? false
    }
  }

  var layout: FileLayout { base.layout }

  func prepare() throws(StorageError) { try base.prepare() }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) {
    try base.write(bytes, at: offset)
  }

  func read(into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) {
    try base.read(into: bytes, at: offset)
  }

  func send(
    offset: UInt64, length: Int,
    _ body: (_ descriptor: Int32, _ fileOffset: Int64, _ length: Int) -> Int
  ) throws(StorageError) -> Int {
    try (isWrong(at: offset) ? poison : base).send(offset: offset, length: length, body)
  }

  func presence(offset: UInt64, length: UInt64) throws(StorageError) -> DataPresence {
    try base.presence(offset: offset, length: length)
  }

  func readAhead(offset: UInt64, length: UInt64) {}

  func sync() throws(StorageError) { try base.sync() }
}
