import Foundation
import Testing

/// What `create` and `get` leave behind when the disk fails a call of theirs, whichever it is: an
/// exit code that says so, one line that says what, no torn file, nobody else's file touched, and
/// a next run that finds nothing in its way.
@Suite(.serialized) struct FaultTests {
  private static let listen = TransferFixture.listen
  private static let date = ["SOURCE_DATE_EPOCH": "1700000000"]

  /// A tree of some pieces, its torrent, and whose files must stay as they are.
  private struct Scene {
    let folder: URL
    /// What fails: what the program prints goes elsewhere.
    let disk: URL
    let content: URL
    let files = ["a.bin": 150_000, "deep/b.bin": 40_000, "c.txt": 5]

    init(in folder: URL) throws {
      self.folder = folder
      disk = folder.appendingPathComponent("disk")
      content = disk.appendingPathComponent("content/reef")
      for (seed, file) in files.sorted(by: { $0.key < $1.key }).enumerated() {
        try Scene.write(
          TransferFixture.bytes(file.value, seed: UInt64(seed + 1)),
          to: content.appendingPathComponent(file.key))
      }
    }

    static func write(_ data: Data, to file: URL) throws {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try data.write(to: file)
    }

    /// A new folder in which others keep files, next to the torrent's and among them.
    func makeOutput(from template: URL? = nil) throws -> URL {
      let output = disk.appendingPathComponent("output")
      try? FileManager.default.removeItem(at: output)
      if let template { try FileManager.default.copyItem(at: template, to: output) }
      for (name, text) in Self.bystanders {
        try Self.write(Data(text.utf8), to: output.appendingPathComponent(name))
      }
      return output
    }

    static let bystanders = ["mine.txt": "mine", "reef/mine.txt": "mine too", "reef/a.bi": "a"]

    func expectBystanders(in output: URL, _ comment: Comment) throws {
      for (name, text) in Self.bystanders {
        let data = try Data(contentsOf: output.appendingPathComponent(name))
        #expect(data == Data(text.utf8), "\(name) \(comment)")
      }
    }

    func isWhole(in output: URL) throws -> Bool {
      try files.keys.allSatisfy { name in
        let copy = output.appendingPathComponent("reef/\(name)")
        return try FileManager.default.fileExists(atPath: copy.path)
          && Data(contentsOf: copy) == Data(contentsOf: content.appendingPathComponent(name))
      }
    }
  }

  /// Ended well, or with the code of the disk and one line about it.
  private func expectHonest(_ outcome: FaultShim.Outcome, _ comment: Comment) {
    let result = outcome.result
    #expect(result.exitCode == 0 || result.exitCode == 5, comment)
    guard result.exitCode != 0 else { return }
    #expect(result.errors.hasPrefix("shoal: "), comment)
    #expect(result.errors.filter { $0 == "\n" }.count == 1, "\(comment): \(result.errors)")
  }

  @Test(arguments: FaultShim.Fault.all)
  func `create leaves the old file or the new one whole`(fault: FaultShim.Fault) throws {
    try ShoalBinary.withFolder { folder in
      let scene = try Scene(in: folder)
      let words = ["create", scene.content.path, "-o", "disk/output/reef.torrent", "--quiet"]
      let old = Data("the torrent of last week".utf8)
      func prepare() throws -> URL {
        let file = try scene.makeOutput().appendingPathComponent("reef.torrent")
        try old.write(to: file)
        return file
      }
      let file = try prepare()
      let clean = try FaultShim.run(
        words, in: folder, failing: 0, with: fault, beneath: scene.disk, environment: Self.date)
      #expect(clean.result.exitCode == 0)
      let new = try Data(contentsOf: file)
      try FaultShim.sweep(clean.calls, samples: 6) { number in
        let file = try prepare()
        let outcome = try FaultShim.run(
          words, in: folder, failing: number, with: fault, beneath: scene.disk,
          environment: Self.date)
        let comment: Comment = "call \(number): \(outcome.failed ?? "none")"
        expectHonest(outcome, comment)
        let found = try Data(contentsOf: file)
        #expect(found == new || (found == old && outcome.result.exitCode != 0), comment)
        try scene.expectBystanders(in: file.deletingLastPathComponent(), comment)
        let next = try RunningShoal.run(words, in: folder, environment: Self.date)
        #expect(next.exitCode == 0, "\(comment), then: \(next.errors)")
        #expect(try Data(contentsOf: file) == new, comment)
        return outcome
      }
    }
  }

  @Test(arguments: FaultShim.Fault.all)
  func `get begun on a failing disk is ended by the next run`(fault: FaultShim.Fault) throws {
    try withSeed { scene, words in
      try expectRecovery(scene, words, fault, from: nil)
    }
  }

  @Test(arguments: FaultShim.Fault.all)
  func `get resumed on a failing disk is ended by the next run`(fault: FaultShim.Fault) throws {
    try withSeed { scene, words in
      let begun = scene.folder.appendingPathComponent("begun")
      let half = words.map { $0 == "disk/output" ? "begun" : $0 }
      let interrupted = try RunningShoal.with(half + ["--down", "50K"], in: scene.folder) { get in
        let file = begun.appendingPathComponent("reef/a.bin")
        _ = try RunningShoal.wait(for: "the first bytes") {
          (try? Data(contentsOf: file))?.contains { $0 != 0 } ?? false ? true : nil
        }
        get.signal(SIGINT)
        return try get.end()
      }
      #expect(interrupted.exitCode == 8)
      try expectRecovery(scene, words, fault, from: begun)
    }
  }

  private func withSeed(_ body: (Scene, [String]) throws -> Void) throws {
    try ShoalBinary.withFolder { folder in
      let scene = try Scene(in: folder)
      let created = try RunningShoal.run(
        ["create", scene.content.path, "-o", "reef.torrent", "--quiet"], in: folder)
      #expect(created.exitCode == 0)
      let seed = ["seed", "reef.torrent", "--data", "disk/content", "--json"] + Self.listen
      try RunningShoal.with(seed, in: folder) { seed in
        let peer = try #require(seed.event("started")["listen"] as? [String])[0]
        try body(
          scene,
          ["get", "reef.torrent", "-o", "disk/output", "--peer", peer, "--stall-timeout", "3s"]
            + ["--quiet"] + Self.listen)
      }
    }
  }

  private func expectRecovery(
    _ scene: Scene, _ words: [String], _ fault: FaultShim.Fault, from template: URL?
  ) throws {
    let folder = scene.folder
    let output = try scene.makeOutput(from: template)
    let clean = try FaultShim.run(words, in: folder, failing: 0, with: fault, beneath: output)
    #expect(clean.result.exitCode == 0, "\(clean.result.errors)")
    try FaultShim.sweep(clean.calls, samples: 5) { number in
      _ = try scene.makeOutput(from: template)
      let outcome = try FaultShim.run(
        words, in: folder, failing: number, with: fault, beneath: output)
      let comment: Comment = "call \(number): \(outcome.failed ?? "none")"
      expectHonest(outcome, comment)
      if outcome.result.exitCode == 0 { #expect(try scene.isWhole(in: output), comment) }
      try scene.expectBystanders(in: output, comment)
      let next = try RunningShoal.run(words, in: folder)
      #expect(next.exitCode == 0, "\(comment), then: \(next.errors)")
      #expect(try scene.isWhole(in: output), comment)
      try scene.expectBystanders(in: output, comment)
      return outcome
    }
  }
}
