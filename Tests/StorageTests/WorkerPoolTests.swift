import DeterministicCore
import Foundation
import Hashing
import Storage
import Synchronization
import Testing
import TorrentModel

/// Collects results and lets a test wait for a number of them.
private final class Mailbox: ResultSink {
  private let received = Mutex<[WorkerResult]>([])
  let deliveries = Atomic<Int>(0)
  private let semaphore = DispatchSemaphore(value: 0)

  func deliver(_ results: [WorkerResult]) {
    received.withLock { $0 += results }
    deliveries.add(1, ordering: .relaxed)
    for _ in results { semaphore.signal() }
  }

  func wait(for count: Int) -> [WorkerResult] {
    for _ in 0..<count {
      guard semaphore.wait(timeout: .now() + 30) == .success else { break }
    }
    return received.withLock { $0 }
  }
}

@Suite struct WorkerPoolTests {
  @Test func rightPiecesAreStoredAndWrongOnesAreNot() throws {
    var generator = SeededGenerator(seed: 3)
    let geometry = try #require(PieceGeometry(totalLength: 300_001, pieceLength: 16384))
    let layout = try FileLayout(name: "x", isSingleFile: true, files: [(["x"], 300_001)])
    let storage = try MemoryStorage(layout: layout)
    let content = generator.bytes(300_001)
    let buffers = PieceBufferPool()
    let sink = Mailbox()
    let pool = try WorkerPool(pieceThreads: 3)
    defer { pool.shutDown() }

    for number in 0..<geometry.pieceCount {
      let piece = PieceIndex(number)
      let start = Int(geometry.offset(of: piece))
      let bytes = content[start..<start + Int(geometry.length(of: piece))]
      let buffer = try #require(buffers.buffer(count: bytes.count))
      buffer.bytes.copyBytes(from: bytes)
      if number % 3 == 0 { buffer.bytes[generator.below(bytes.count)] ^= 1 }
      pool.submit(
        VerifyJob(
          torrent: 42, piece: piece, offset: UInt64(start),
          expected: PieceCheck(PieceHashes(sha1: SHA1.hash(bytes)), length: bytes.count),
          storage: storage, buffer: buffer), resultsTo: sink)
    }
    let results = sink.wait(for: geometry.pieceCount)
    #expect(results.map(\.piece).sorted() == (0..<geometry.pieceCount).map { PieceIndex($0) })
    for result in results {
      let start = Int(geometry.offset(of: result.piece))
      let count = Int(geometry.length(of: result.piece))
      let stored = try storage.bytes(at: start, count: count)
      #expect(result.torrent == 42)
      #expect(result.buffer.bytes.count == count)
      switch result.outcome {
      case .stored:
        #expect(result.piece.index % 3 != 0)
        #expect(stored == Array(content[start..<start + count]))
      case .mismatched:
        #expect(result.piece.index % 3 == 0)
        #expect(stored.allSatisfy { $0 == 0 })
      case .failed(let error):
        Issue.record(error)
      }
    }
  }

  @Test func aFullDiskIsReportedAndTheBufferComesBack() throws {
    let layout = try FileLayout(name: "x", isSingleFile: true, files: [(["x"], 2048)])
    let storage = FaultyStorage(
      try MemoryStorage(layout: layout), failing: .init(.write, 1, .system(ENOSPC)))
    let buffers = PieceBufferPool()
    let buffer = try #require(buffers.buffer(count: 1024))
    buffer.bytes.initializeMemory(as: UInt8.self, repeating: 5)
    let job = VerifyJob(
      torrent: 0, piece: 0, offset: 0,
      expected: PieceCheck(
        PieceHashes(sha1: SHA1.hash(UnsafeRawBufferPointer(buffer.bytes))), length: 1024),
      storage: storage, buffer: buffer)
    let sink = Mailbox()
    let pool = try WorkerPool(pieceThreads: 1)
    defer { pool.shutDown() }

    pool.submit(job, resultsTo: sink)
    let first = try #require(sink.wait(for: 1).first)
    guard case .failed(let error) = first.outcome else {
      Issue.record("a full disk went unnoticed: \(first.outcome)")
      return
    }
    #expect(error.cause == .system(ENOSPC))
    #expect(first.buffer === buffer)
    pool.submit(job, resultsTo: sink)
    guard case .stored = try #require(sink.wait(for: 1).last).outcome else {
      Issue.record("the same piece could not be stored after the disk had room again")
      return
    }
  }

  @Test func manySmallPiecesAreDeliveredInFewBatches() throws {
    let layout = try FileLayout(name: "x", isSingleFile: true, files: [(["x"], 16384)])
    let storage = try MemoryStorage(layout: layout)
    let buffers = PieceBufferPool()
    let buffer = try #require(buffers.buffer(count: 16384))
    buffer.bytes.initializeMemory(as: UInt8.self, repeating: 5)
    let job = VerifyJob(
      torrent: 0, piece: 0, offset: 0,
      expected: PieceCheck(PieceHashes(sha1: .zero), length: 16384), storage: storage,
      buffer: buffer)
    let sink = Mailbox()
    let pool = try WorkerPool(pieceThreads: 1)
    defer { pool.shutDown() }
    pool.submit(Array(repeating: job, count: 1000), resultsTo: sink)
    #expect(sink.wait(for: 1000).count == 1000)
    #expect(sink.deliveries.load(ordering: .relaxed) < 100)
  }

  @Test func slowErrandsDoNotHoldPiecesUp() throws {
    let pool = try WorkerPool(pieceThreads: 1)
    let release = DispatchSemaphore(value: 0)
    let done = DispatchSemaphore(value: 0)
    for _ in 0..<WorkerPool.errandThreads {
      pool.run {
        release.wait()
        done.signal()
      }
    }
    let layout = try FileLayout(name: "x", isSingleFile: true, files: [(["x"], 1)])
    let buffer = try #require(PieceBufferPool().buffer(count: 1))
    let sink = Mailbox()
    pool.submit(
      VerifyJob(
        torrent: 0, piece: 0, offset: 0, expected: PieceCheck(PieceHashes(sha1: .zero), length: 1),
        storage: try MemoryStorage(layout: layout), buffer: buffer), resultsTo: sink)
    #expect(sink.wait(for: 1).count == 1)
    for _ in 0..<WorkerPool.errandThreads { release.signal() }
    for _ in 0..<WorkerPool.errandThreads { #expect(done.wait(timeout: .now() + 30) == .success) }
    pool.shutDown()
  }

  @Test func shuttingDownFinishesWhatIsQueued() throws {
    let pool = try WorkerPool(pieceThreads: 2)
    let count = Counter()
    for _ in 0..<500 { pool.run { count.value.add(1, ordering: .relaxed) } }
    pool.shutDown()
    #expect(count.value.load(ordering: .relaxed) == 500)
  }

  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
  }
}

@Suite struct PieceBufferPoolTests {
  @Test func memoryIsUsedAgain() throws {
    let pool = PieceBufferPool(limit: 1 << 20)
    var first = pool.buffer(count: 100_000)
    let address = try #require(first).bytes.baseAddress
    first = nil
    #expect(pool.usedBytes == 0)
    let second = try #require(pool.buffer(count: 100_001))
    #expect(second.bytes.baseAddress == address)
    #expect(second.bytes.count == 100_001)
    #expect(pool.idleBytes == 0)
  }

  @Test func theLimitHoldsForUsedAndIdleTogether() throws {
    let pool = PieceBufferPool(limit: 1 << 20)
    var buffers = (0..<4).compactMap { _ in pool.buffer(count: 256 << 10) }
    #expect(buffers.count == 4)
    #expect(pool.buffer(count: 1) == nil)
    buffers.removeLast()
    #expect(pool.buffer(count: (256 << 10) + 1) == nil)
    buffers.removeLast()
    let other = try #require(pool.buffer(count: 400 << 10))
    #expect(pool.usedBytes + pool.idleBytes <= 1 << 20)
    #expect(other.bytes.count == 400 << 10)
  }

  @Test func aPieceLongerThanTheLimitIsGrantedAlone() throws {
    let pool = PieceBufferPool(limit: 1 << 20)
    let large = pool.buffer(count: 4 << 20)
    #expect(large != nil)
    #expect(pool.buffer(count: 1) == nil)
    _ = consume large
    #expect(pool.buffer(count: 1) != nil)
  }

  @Test func idleMemoryGoesBackAfterItWentUnneeded() throws {
    let pool = PieceBufferPool(limit: 1 << 20)
    var buffers = (0..<4).compactMap { _ in pool.buffer(count: 64 << 10) }
    buffers.removeAll()
    #expect(pool.idleBytes == 256 << 10)
    pool.trim()
    #expect(pool.idleBytes == 256 << 10, "they were in use since the last trim")
    buffers = [try #require(pool.buffer(count: 64 << 10))]
    buffers.removeAll()
    pool.trim()
    #expect(pool.idleBytes == 64 << 10, "one was needed")
    pool.trim()
    #expect(pool.idleBytes == 0)
  }
}
