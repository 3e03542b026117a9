import Foundation
import Testing

/// The program under test, run as a person or a script runs it.
enum ShoalBinary {
  struct Result {
    let exitCode: Int32
    let output: String
    let errors: String

    /// The one JSON object of standard output.
    var json: [String: Any] {
      get throws {
        #expect(output.hasSuffix("\n") && output.dropLast().allSatisfy { $0 != "\n" })
        return try #require(
          try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
      }
    }
  }

  /// SHOAL_BINARY, or the program that was built beside this test bundle.
  static let location: URL = {
    if let path = ProcessInfo.processInfo.environment["SHOAL_BINARY"] {
      return URL(fileURLWithPath: path)
    }
    let bundle = URL(fileURLWithPath: CommandLine.arguments[0])
    return bundle.deletingLastPathComponent().appendingPathComponent("shoal")
  }()

  static func run(
    _ words: [String], input: Data = Data(), environment: [String: String] = [:],
    in folder: URL? = nil, program: URL = location
  ) throws -> Result {
    let process = Process()
    process.executableURL = program
    process.arguments = words
    process.environment = ["TERM": "xterm"].merging(environment) { $1 }
    process.currentDirectoryURL = folder
    let (inputPipe, output, errors) = (Pipe(), Pipe(), Pipe())
    process.standardInput = inputPipe
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    try inputPipe.fileHandleForWriting.write(contentsOf: input)
    try inputPipe.fileHandleForWriting.close()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let errorText = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try DocumentedEvents.check(words, String(decoding: text, as: UTF8.self))
    return Result(
      exitCode: process.terminationReason == .exit ? process.terminationStatus : -1,
      output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: errorText, as: UTF8.self))
  }

  /// A folder of its own for a test, gone afterwards.
  static func withFolder<Value>(_ body: (URL) throws -> Value) throws -> Value {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("shoal-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }
}
