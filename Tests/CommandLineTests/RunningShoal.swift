import Foundation
import Testing

/// The program running beside a test, its words read as they come.
///
/// The invariant: it has ended when `with` returns, whatever the test did.
final class RunningShoal {
  private let process = Process()
  private let output: URL
  private let errors: URL

  /// Longer than any of these runs takes; a run that reaches it is killed and fails its test.
  static let patience: TimeInterval = 15

  private init(
    _ words: [String], in folder: URL, environment: [String: String], program: URL
  ) throws {
    let name = UUID().uuidString
    output = folder.appendingPathComponent(".\(name).output")
    errors = folder.appendingPathComponent(".\(name).errors")
    for file in [output, errors] { try Data().write(to: file) }
    process.executableURL = program
    process.arguments = words
    let state = folder.appendingPathComponent(".state").path
    process.environment = ["TERM": "xterm", "XDG_STATE_HOME": state]
      .merging(environment) { $1 }
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
  }

  /// Runs the program in `folder` while `body` does.
  static func with<Value>(
    _ words: [String], in folder: URL, environment: [String: String] = [:],
    program: URL = ShoalBinary.location, _ body: (RunningShoal) throws -> Value
  ) throws -> Value {
    let running = try RunningShoal(
      words, in: folder, environment: environment, program: program)
    defer { running.kill() }
    return try body(running)
  }

  /// Runs the program to its end, within `patience`.
  static func run(
    _ words: [String], in folder: URL, environment: [String: String] = [:]
  ) throws -> ShoalBinary.Result {
    try with(words, in: folder, environment: environment) { try $0.end() }
  }

  private func kill() {
    guard process.isRunning else { return }
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  var text: String {
    get throws { String(decoding: try Data(contentsOf: output), as: UTF8.self) }
  }

  var processIdentifier: Int32 { process.processIdentifier }

  func signal(_ number: Int32) { Foundation.kill(process.processIdentifier, number) }

  /// Waits until `condition` gives a value.
  static func wait<Value>(
    for what: String, within seconds: TimeInterval = patience, _ condition: () throws -> Value?
  ) throws -> Value {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while Date() < deadline {
      if let value = try condition() { return value }
      usleep(10_000)
    }
    throw Timeout(description: "waited in vain for \(what)")
  }

  struct Timeout: Error, CustomStringConvertible { let description: String }

  /// Waits for a whole line that begins so, and returns the rest of it.
  func line(beginning start: String) throws -> String {
    try Self.wait(for: "a line that begins with '\(start)'") {
      let whole = try text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      return whole.first { $0.hasPrefix(start) }
        .map { $0.dropFirst(start.count).trimmingCharacters(in: .whitespaces) }
    }
  }

  /// Waits for an event of JSON mode.
  func event(_ name: String) throws -> [String: Any] {
    try Self.wait(for: "the event \(name)") {
      try JSONLines.objects(text).first { $0["event"] as? String == name }
    }
  }

  /// Waits for the end and tells how it went.
  func end(within seconds: TimeInterval = patience) throws -> ShoalBinary.Result {
    _ = try Self.wait(for: "the end of \(process.arguments ?? [])", within: seconds) {
      process.isRunning ? nil : true
    }
    try DocumentedEvents.check(process.arguments ?? [], try text)
    return ShoalBinary.Result(
      exitCode: process.terminationReason == .exit ? process.terminationStatus : -1,
      output: try text, errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }
}

enum JSONLines {
  /// The objects of whole lines; a line that is none fails the test.
  static func objects(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { line in
      let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return try #require(value as? [String: Any], "\(line)")
    }
  }
}
