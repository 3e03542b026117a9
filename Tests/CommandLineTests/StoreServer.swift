import Foundation
import Testing

/// A Redis or PostgreSQL server of a test's own, from Debian, in a folder of its own.
///
/// The invariant: it has ended when `with` returns, and ends with this process in any case.
final class StoreServer {
  enum Kind: String {
    case redis
    case postgres
  }

  private let process = Process()
  private let orders = Pipe()
  private let answers = Pipe()
  private(set) var port: UInt16 = 0

  static let areInstalled =
    FileManager.default.isExecutableFile(atPath: "/usr/bin/redis-server")
    && FileManager.default.fileExists(atPath: "/usr/lib/postgresql")

  private static let program: URL = {
    var folder = URL(fileURLWithPath: #filePath)
    folder.deleteLastPathComponent()
    folder.deleteLastPathComponent()
    return folder.appendingPathComponent("Support/store")
  }()

  private init(_ kind: Kind, in folder: URL) throws {
    process.executableURL = Self.program
    process.arguments = [kind.rawValue, folder.path]
    process.standardInput = orders
    process.standardOutput = answers
    try process.run()
    try waitForReady()
  }

  static func with<Value>(
    _ kind: Kind, _ body: (StoreServer) throws -> Value
  ) throws -> Value {
    try ShoalBinary.withFolder { folder in
      let server = try StoreServer(kind, in: folder)
      defer { server.end() }
      return try body(server)
    }
  }

  private func end() {
    try? orders.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  private func answer() throws -> String {
    var line: [UInt8] = []
    while let byte = try answers.fileHandleForReading.read(upToCount: 1)?.first {
      if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
      line.append(byte)
    }
    throw RunningShoal.Timeout(description: "the server of the test did not start")
  }

  private func waitForReady() throws {
    let words = try answer().split(separator: " ")
    port = try #require(words.count == 2 ? UInt16(words[1]) : nil)
  }

  private func order(_ word: String) throws {
    try orders.fileHandleForWriting.write(contentsOf: Data("\(word)\n".utf8))
  }

  /// Ends the server as a crash would.
  func kill() throws {
    try order("kill")
    _ = try answer()
  }

  /// Holds the server still, so that it takes what is sent and says nothing.
  func holdStill() throws {
    try order("stop")
    _ = try answer()
  }

  func goOn() throws {
    try order("go")
    _ = try answer()
  }

  /// - Parameter forgets: whether all that it kept is gone.
  func start(forgets: Bool = false) throws {
    try order(forgets ? "forget" : "start")
    try waitForReady()
  }

  var redisURL: String { "redis://127.0.0.1:\(port)" }
  var postgresURL: String { "postgres://shoal@127.0.0.1:\(port)/postgres" }
}
