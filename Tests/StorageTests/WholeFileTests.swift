import Foundation
import Storage
import Testing

@Suite struct WholeFileTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "shoal-whole-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  @Test func `a file is replaced whole and leaves nothing beside it`() throws {
    try withFolder { folder in
      let path = folder + "/state"
      for contents in [[1, 2, 3], [], Array(repeating: 7, count: 300_000)] as [[UInt8]] {
        try WholeFile.write(contents, to: path, mode: 0o600)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(contents))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["state"])
      }
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
  }

  @Test func `a folder that is not there is an error that names the path`() throws {
    try withFolder { folder in
      let error = #expect(throws: StorageError.self) {
        try WholeFile.write([1], to: folder + "/none/state")
      }
      #expect(error?.isMissing == true)
      #expect(error?.path == folder + "/none/state")
    }
  }

  @Test func `what stands in the way is left as it was`() throws {
    try withFolder { folder in
      let path = folder + "/state"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      #expect(throws: StorageError.self) { try WholeFile.write([1], to: path) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["state"])
    }
  }

  @Test(arguments: [(10, true), (9, false), (11, true)])
  func `no more than the limit is read`(limit: Int, fits: Bool) throws {
    try withFolder { folder in
      try WholeFile.write(Array(repeating: 5, count: 10), to: folder + "/file")
      let file = try #require(FileHandle(forReadingAtPath: folder + "/file"))
      let contents = try WholeFile.read(file.fileDescriptor, atMost: limit, of: "file")
      #expect(contents == (fits ? Array(repeating: 5, count: 10) : nil))
    }
  }
}
