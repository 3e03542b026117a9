import Foundation
import Session
import Storage
import Testing

@Suite struct SwarmsFiles {
  private let folder = NSTemporaryDirectory() + "/swarms-\(UUID().uuidString)"

  @Test func `what is written is read again, and nothing is left beside it`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = SwarmsFile(in: folder)
    #expect(try file.read() == nil)
    for length in [0, 1, 300_000, 10] {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
      try file.write(bytes)
      #expect(try file.read() == bytes)
      #expect(try names().subtracting(["swarms.previous"]) == ["swarms"])
    }
  }

  private func names() throws -> Set<String> {
    Set(try FileManager.default.contentsOfDirectory(atPath: folder))
  }

  @Test func `the file before is kept, and a killed write leaves nothing for long`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = SwarmsFile(in: folder)
    try file.write([1])
    #expect(try file.read(.previous) == nil)
    try Data("half of a f".utf8).write(to: URL(fileURLWithPath: folder + "/swarms.new"))
    try file.write([2, 2])
    try file.write([3, 3, 3])
    #expect(try file.read() == [3, 3, 3])
    #expect(try file.read(.previous) == [2, 2])
    #expect(try names() == ["swarms", "swarms.previous"])
  }

  /// Cut short, changed in a byte, or ended with zeros, as a disk without power leaves it.
  @Test(arguments: 0..<33) func `a torn file is told from a whole one`(tear: Int) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = SwarmsFile(in: folder)
    let old = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
    try file.write(old)
    try file.write(old + [7])
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file.path)))
    let place = tear * (bytes.count - 1) / 32
    switch tear % 3 {
    case 0: bytes = Array(bytes[..<place])
    case 1: bytes[place] ^= 0x10
    default:
      bytes[min(place, 900)] ^= 1
      bytes.replaceSubrange(place..., with: repeatElement(0, count: bytes.count - place))
    }
    try Data(bytes).write(to: URL(fileURLWithPath: file.path))
    #expect(throws: StorageError(.read, path: file.path, .damaged)) { try file.read() }
    #expect(try file.read(.previous) == old)
    file.setAsideDamaged()
    #expect(try file.read() == nil)
    try file.write([1])
    #expect(try file.read(.previous) == old)
  }

  @Test func `what cannot be written or read is told of`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(throws: StorageError.self) { try SwarmsFile(in: folder + "/a/b").write([1]) }
    try FileManager.default.createDirectory(
      atPath: folder + "/swarms", withIntermediateDirectories: true)
    #expect(throws: StorageError.self) { try SwarmsFile(in: folder).read() }
    #expect(throws: StorageError.self) { try SwarmsFile(in: folder).write([1]) }
  }
}
