import Foundation
import Testing

/// A program on a real terminal emulator, tmux's, whose screen can be looked at and resized.
///
/// The invariant: the emulator has ended when `with` returns, and was nobody else's: its socket
/// lies in the test's own folder.
final class TerminalSession {
  private let socket: String
  private let server = Process()

  static let isAvailable = tool("tmux") != nil

  /// Where a program is installed.
  static func tool(_ name: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  private init() {
    // Short, as the address of a socket has to be.
    socket = "/tmp/.shoal-tmux-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
  }

  private func start(_ command: String, in folder: URL, columns: Int, rows: Int) throws {
    // Not a daemon: one would keep the descriptor by which `Process` hears of its end.
    prepare(server, ["-D", "-f", "/dev/null"])
    try server.run()
    let socket = socket
    _ = try RunningShoal.wait(for: "the emulator") { access(socket, F_OK) == 0 ? true : nil }
    try run(
      ["new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", "-c", folder.path, command])
  }

  private func prepare(_ process: Process, _ words: [String]) {
    process.executableURL = URL(fileURLWithPath: Self.tool("tmux") ?? "tmux")
    process.arguments = ["-S", socket, "-u"] + words
    process.environment = [
      "TERM": "xterm-256color", "LC_ALL": "C.UTF-8",
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "",
    ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
  }

  private func end() {
    if server.isRunning {
      // Anything milder may be blocked: whoever starts tests blocks signals, which is inherited.
      kill(server.processIdentifier, SIGKILL)
      server.waitUntilExit()
    }
    unlink(socket)
  }

  /// - Parameter command: for sh; the screen stays for as long as it runs.
  static func with<Value>(
    _ command: String, in folder: URL, columns: Int = 100, rows: Int = 12,
    _ body: (TerminalSession) throws -> Value
  ) throws -> Value {
    let session = TerminalSession()
    defer { session.end() }
    try session.start(command, in: folder, columns: columns, rows: rows)
    return try body(session)
  }

  /// The lines of the screen, without the empty ones below the last.
  var screen: [String] {
    get throws {
      var lines = try run(["capture-pane", "-p"])
        .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      while lines.last?.isEmpty == true { lines.removeLast() }
      return lines
    }
  }

  /// The screen with the escapes that colour it.
  var coloredScreen: String {
    get throws { try run(["capture-pane", "-p", "-e"]) }
  }

  func type(_ keys: String...) throws { try run(["send-keys"] + keys) }

  func resize(columns: Int, rows: Int = 12) throws {
    try run(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
  }

  /// Waits until the screen is as wanted.
  @discardableResult
  func wait(for what: String, _ isThere: ([String]) -> Bool) throws -> [String] {
    var last: [String] = []
    do {
      return try RunningShoal.wait(for: what) {
        last = try screen
        return isThere(last) ? last : nil
      }
    } catch is RunningShoal.Timeout {
      throw RunningShoal.Timeout(description: "waited in vain for \(what) on \(last)")
    }
  }

  @discardableResult
  private func run(_ words: [String]) throws -> String {
    let process = Process()
    prepare(process, words)
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "tmux \(words)")
    return String(decoding: text, as: UTF8.self)
  }
}
