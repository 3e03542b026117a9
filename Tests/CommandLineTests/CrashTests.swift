import Foundation
import Testing

/// Processes that are killed, and disks that are full: the scripts that do it, run for a short time
/// with the program under test. Each prints what it held the program to.
@Suite(.serialized) struct CrashTests {
  private static let scripts = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Scripts")

  /// What a script says when the machine does not let it do its work.
  private static let skipped: Int32 = 77

  private func run(_ script: String, _ words: [String] = []) throws -> ShoalBinary.Result {
    let process = Process()
    process.executableURL = Self.scripts.appendingPathComponent(script)
    process.arguments = words
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["SHOAL_BINARY": ShoalBinary.location.path]
    ) { $1 }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let errorText = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return ShoalBinary.Result(
      exitCode: process.terminationReason == .exit ? process.terminationStatus : -1,
      output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: errorText, as: UTF8.self))
  }

  @Test func `downloads and seeds that are killed lose nothing and believe nothing`() throws {
    let result = try run("kill-soak", ["--kills", "10", "--seeder-kills", "5"])
    #expect(result.exitCode == 0, "\(result.output)\(result.errors)")
  }

  @Test func `a full disk is waited for, and holds up no other torrent`() throws {
    let result = try run("disk-full")
    if result.exitCode == Self.skipped {
      print("a full disk is waited for: \(result.output)", terminator: "")
      return
    }
    #expect(result.exitCode == 0, "\(result.output)\(result.errors)")
  }
}
