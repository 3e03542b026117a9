import DeterministicCore
import Foundation
import Storage
import Testing
import TorrentModel

/// What `PieceStorage` promises, asked of every implementation.
@Suite struct PieceStorageContractTests {
  enum Kind: CaseIterable {
    case file, reservingFile, memory, faulty

    func make(_ layout: FileLayout, in folder: TemporaryFolder) throws -> any PieceStorage {
      switch self {
      case .file: try FileStorage(folder: folder.path, layout: layout, access: .readWrite())
      case .reservingFile:
        try FileStorage(
          folder: folder.path, layout: layout, access: .readWrite(reserving: true),
          descriptors: DescriptorPool(capacity: 2))
      case .memory: try MemoryStorage(layout: layout)
      case .faulty: FaultyStorage(try MemoryStorage(layout: layout))
      }
    }
  }

  @Test(arguments: Kind.allCases, [1, 2, 3] as [UInt64])
  func readsAndSendsWhatWasWritten(kind: Kind, seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let folder = try TemporaryFolder()
    let layout = try generator.layout(files: 40, longest: 3000)
    let storage = try kind.make(layout, in: folder)
    try storage.prepare()
    let total = Int(layout.totalLength)
    let content = generator.bytes(total)

    var offsets = Array(stride(from: 0, to: total, by: 700))
    generator.shuffle(&offsets)
    for offset in offsets {
      try storage.write(content[offset..<min(offset + 700, total)], at: offset)
    }
    try storage.sync()
    #expect(try storage.bytes(at: 0, count: total) == content, "seed \(seed)")
    for _ in 0..<200 {
      let offset = generator.below(total)
      let count = generator.below(min(5000, total - offset) + 1)
      let expected = Array(content[offset..<offset + count])
      #expect(try storage.bytes(at: offset, count: count) == expected, "seed \(seed)")
      #expect(try storage.sent(at: offset, count: count) == expected, "seed \(seed)")
    }
  }

  @Test(arguments: Kind.allCases)
  func bytesNeverWrittenAreZerosOrAbsent(kind: Kind) throws {
    let folder = try TemporaryFolder()
    let layout = try FileLayout(
      name: "payload", isSingleFile: false, files: [(["a"], 5000), (["b"], 5000)])
    let storage = try kind.make(layout, in: folder)
    try storage.prepare()
    try storage.write([1], at: 0)
    for offset in [1, 4000, 5000, 9000] {
      do throws(StorageError) {
        let bytes = try storage.bytes(at: offset, count: 1000)
        #expect(bytes.allSatisfy { $0 == 0 })
      } catch {
        #expect(error.isAbsence, "\(error)")
      }
    }
    #expect(try storage.presence(offset: 0, length: 10) == .data)
    #expect(try storage.presence(offset: 5000, length: 5000) != .data)
  }

  @Test(arguments: Kind.allCases)
  func sendStopsWhereItsBodyStops(kind: Kind) throws {
    let folder = try TemporaryFolder()
    let layout = try FileLayout(
      name: "payload", isSingleFile: false, files: [(["a"], 10), (["b"], 10)])
    let storage = try kind.make(layout, in: folder)
    try storage.write([UInt8](repeating: 7, count: 20), at: 0)
    var offered: [Int] = []
    let sent = try storage.send(offset: 5, length: 12) { _, _, length in
      offered.append(length)
      return 3
    }
    #expect(sent == 3)
    #expect(offered.count == 1)
  }

  @Test(arguments: Kind.allCases)
  func disjointRangesAreWrittenFromManyThreads(kind: Kind) throws {
    var generator = SeededGenerator(seed: 11)
    let folder = try TemporaryFolder()
    let layout = try generator.layout(files: 300, longest: 9000)
    let storage = try kind.make(layout, in: folder)
    try storage.prepare()
    let content = generator.bytes(Int(layout.totalLength))
    let parts = (content.count + 4999) / 5000
    DispatchQueue.concurrentPerform(iterations: parts) { part in
      let range = part * 5000..<min((part + 1) * 5000, content.count)
      do {
        try storage.write(content[range], at: range.lowerBound)
        #expect(
          try storage.bytes(at: range.lowerBound, count: range.count) == Array(content[range]))
      } catch {
        Issue.record(error)
      }
    }
    #expect(try storage.bytes(at: 0, count: content.count) == content)
  }

  @Test(arguments: Kind.allCases, [1, 2, 3] as [UInt64])
  func paddingIsZeros(kind: Kind, seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let folder = try TemporaryFolder()
    let listed = (0..<12).map { number in
      ListedFile(
        path: ["\(number)"], length: UInt64([0, 1, 99, 100, 101, 250][generator.below(6)]))
    }
    let layout = try FileLayout(
      name: "payload", isSingleFile: false, listed: listed + [ListedFile(path: ["z"], length: 1)],
      alignment: 100)
    let storage = try kind.make(layout, in: folder)
    try storage.prepare()
    var content = [UInt8](repeating: 0, count: Int(layout.extent))
    for file in layout.files {
      for place in 0..<Int(file.length) {
        content[Int(file.offset) + place] = UInt8(1 + place % 250)
      }
    }
    for offset in stride(from: 0, to: content.count, by: 100) {
      try storage.write(content[offset..<offset + 100], at: offset)
    }
    for _ in 0..<300 {
      let offset = generator.below(content.count)
      let count = generator.below(content.count - offset) + 1
      let expected = Array(content[offset..<offset + count])
      #expect(try storage.bytes(at: offset, count: count) == expected, "seed \(seed)")
      #expect(try storage.sent(at: offset, count: count) == expected, "seed \(seed)")
    }
  }
}
