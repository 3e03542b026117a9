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
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["swarms"])
    }
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
