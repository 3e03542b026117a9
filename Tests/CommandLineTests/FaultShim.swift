import Foundation
import Testing

/// A disk that fails one call of the program under test: `Tests/FaultInjection/faults.c`, preloaded.
enum FaultShim {
  /// How calls fail.
  struct Fault: Sendable, CustomTestStringConvertible {
    let error: String
    /// Every later call fails as well.
    let stays: Bool

    var testDescription: String { stays ? "\(error) from then on" : "\(error) once" }

    static let all = [
      Fault(error: "ENOSPC", stays: false), Fault(error: "ENOSPC", stays: true),
      Fault(error: "EIO", stays: false), Fault(error: "EMFILE", stays: false),
    ]
  }

  /// The library, built by the C compiler that the toolchain brings along or needs.
  private static let library = Result { () throws -> URL in
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("FaultInjection/faults.c")
    let library = FileManager.default.temporaryDirectory
      .appendingPathComponent("shoal-faults-\(ProcessInfo.processInfo.processIdentifier).so")
    let compiler = Process()
    compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    compiler.arguments = [
      "cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library.path, source.path, "-ldl",
    ]
    try compiler.run()
    compiler.waitUntilExit()
    try #require(compiler.terminationStatus == 0, "faults.c does not compile")
    return library
  }

  /// What a run with a fault came to.
  struct Outcome {
    let result: ShoalBinary.Result
    /// The call that failed and on what; `nil` when the run made fewer calls.
    let failed: String?
    /// Calls that can fail so.
    let calls: Int
  }

  /// Runs the program while call `number`, from 1, on a file beneath `folder` fails; 0 only counts.
  static func run(
    _ words: [String], in folder: URL, failing number: Int, with fault: Fault, beneath: URL,
    environment: [String: String] = [:]
  ) throws -> Outcome {
    let log = folder.appendingPathComponent(".faults-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: log) }
    var all = environment
    all["LD_PRELOAD"] = try library.get().path
    all["FAULT_BENEATH"] = beneath.path
    all["FAULT_AT"] = "\(number)"
    all["FAULT_ERROR"] = fault.error
    all["FAULT_LOG"] = log.path
    if fault.stays { all["FAULT_STAYS"] = "1" }
    let result = try RunningShoal.run(words, in: folder, environment: all)
    let lines = try String(contentsOf: log, encoding: .utf8).split(separator: "\n").map(String.init)
    let last = try #require(lines.last { $0.hasPrefix("calls ") }, "no count of the calls")
    return Outcome(
      result: result, failed: lines.first { !$0.hasPrefix("calls ") },
      calls: Int(last.split(separator: " ").last ?? "") ?? 0)
  }

  /// Calls `body` with the number of each call that `count` says there are, or, unless
  /// SHOAL_FAULTS=all asks for the whole sweep, with `samples` of them, first and last included.
  static func sweep(
    _ count: Int, samples: Int, _ body: (Int) throws -> Outcome
  ) throws {
    try #require(count > 0, "no call that can fail")
    let isWhole = ProcessInfo.processInfo.environment["SHOAL_FAULTS"] == "all"
    let numbers =
      isWhole || count <= samples
      ? Array(1...count) : (0..<samples).map { 1 + $0 * (count - 1) / (samples - 1) }
    let outcomes = try numbers.map(body)
    // Threads make a run a few calls shorter than another, not half as short.
    #expect(outcomes.count { $0.failed != nil } * 2 > numbers.count, "hardly a call failed")
  }
}
