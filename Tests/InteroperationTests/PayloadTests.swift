import Foundation
import Testing

/// The comparison that every other test here rests on.
@Suite struct `A copy of a payload` {
  /// Makes an original and a copy of it, lets `change` spoil the copy, and compares them.
  private func compare(
    _ payload: Payload, madeBy client: ClientKind = .shoal, after change: (URL) throws -> Void
  ) throws {
    let root = FileManager.default.temporaryDirectory
      .appending(path: "shoal-payload-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    let folders = (root.appending(path: "original"), root.appending(path: "copy"))
    try payload.write(below: folders.0)
    try change(try payload.write(below: folders.1))
    try payload.expectEqual(folders.0, folders.1, madeBy: client)
  }

  @Test(arguments: Payload.allCases)
  func `is equal when nothing was changed`(payload: Payload) throws {
    try compare(payload) { _ in }
  }

  @Test func `differs when one byte does`() {
    #expect(throws: Failure.self) {
      try compare(.file) { copy in
        var bytes = try Data(contentsOf: copy)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: copy)
      }
    }
  }

  @Test func `differs when it is shorter`() {
    #expect(throws: Failure.self) {
      try compare(.oddSize) { try Data(contentsOf: $0).dropLast().write(to: $0) }
    }
  }

  @Test func `differs when a file lies beside the others`() {
    #expect(throws: Failure.self) {
      try compare(.folder) { try Data().write(to: $0.appending(path: "deep/er/stranger")) }
    }
  }

  @Test func `differs without its zero-length files, except where a client makes none`() throws {
    func spoil(_ copy: URL) throws {
      try FileManager.default.removeItem(at: copy.appending(path: "b/hollow"))
      try FileManager.default.removeItem(at: copy.appending(path: "d"))
    }
    #expect(throws: Failure.self) { try compare(.emptyFiles, after: spoil) }
    try compare(.emptyFiles, madeBy: .transmission, after: spoil)
  }

  @Test func `differs when a file with bytes is missing, whoever made it`() {
    #expect(throws: Failure.self) {
      try compare(.emptyFiles, madeBy: .transmission) {
        try FileManager.default.removeItem(at: $0.appending(path: "c"))
      }
    }
  }
}
