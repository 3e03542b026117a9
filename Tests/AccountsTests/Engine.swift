import Accounts
import Foundation
import Testing

/// The databases that accounts are kept in.
enum Engine: String, CaseIterable {
  case sqlite
  /// A server from Debian, run for the tests alone.
  case postgres

  static let installed: [Engine] =
    FileManager.default.fileExists(atPath: "/usr/lib/postgresql") ? allCases : [.sqlite]
}

/// A folder of its own for a test, gone afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("shoal-accounts-\(UUID().uuidString)").path
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

/// Empty accounts of a test's own, that it may open as often as it likes.
func withAccounts(
  _ engine: Engine, _ body: (@escaping @Sendable () throws -> AccountStore) throws -> Void
) throws {
  switch engine {
  case .sqlite: try withFolder { folder in try body { try AccountStore(in: folder) } }
  case .postgres:
    let url = try PostgresServer.shared.get().makeSchema()
    let address = try #require(PostgresAddress(url))
    try body { try AccountStore(at: .server(address)) }
  }
}

/// One server for all tests of this process, with which it ends: it reads orders, and then their end.
private struct PostgresServer: Sendable {
  let port: Int
  /// Never written to.
  let orders: FileHandle

  static let shared = Result { try PostgresServer() }

  private init() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("shoal-postgres-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let (process, input, output) = (Process(), Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Support/store")
    process.arguments = ["postgres", folder.path, "--remove"]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    var line: [UInt8] = []
    while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first,
      byte != UInt8(ascii: "\n")
    {
      line.append(byte)
    }
    let words = String(decoding: line, as: UTF8.self).split(separator: " ")
    port = try #require(words.last.flatMap { Int($0) })
    orders = input.fileHandleForWriting
  }

  func makeSchema() throws -> String {
    let name = "s" + UUID().uuidString.replacingOccurrences(of: "-", with: "").lowercased()
    let url = "postgres://shoal@127.0.0.1:\(port)/postgres"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/psql")
    process.arguments = [url, "-qc", "CREATE SCHEMA \(name)"]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return url + "?options=-csearch_path%3D\(name)"
  }
}
