import Foundation
import Testing

@testable import shoal

@Suite struct ManualPageTests {
  @Test func itNamesEveryVerbFlagEventAndExitCode() throws {
    let page = try ShoalBinary.run(["help", "--man"])
    #expect(page.exitCode == 0)
    #expect(page.output == ManualPage.text)
    #expect(page.output.utf8.allSatisfy { $0 < 0x80 })
    let plain = page.output.replacingOccurrences(of: "\\-", with: "-")
    for verb in Shoal.verbs {
      #expect(plain.contains("\n.SS shoal \(verb.name)"))
      for flag in verb.flags { #expect(plain.contains("\\fB--\(flag.name)\\fR")) }
      for event in verb.events { #expect(plain.contains("\n\\fB\(event.name)\\fR\n")) }
    }
    for code in ExitCode.allCases { #expect(plain.contains("\n\\fB\(code.rawValue)\\fR\n")) }
  }

  private static let linters: [(tool: String, arguments: [String])] = [
    ("groff", ["-ww", "-man", "-Tutf8", "-z"]), ("mandoc", ["-T", "lint", "-W", "warning"]),
    ("man", ["--warnings=w", "-E", "UTF-8", "-l"]),
  ]

  @Test(arguments: linters) func formattersHaveNothingToComplainOf(
    tool: String, arguments: [String]
  ) throws {
    // Each is there after Scripts/bootstrap test.
    guard let path = TerminalSession.tool(tool) else { return }
    try ShoalBinary.withFolder { folder in
      let file = folder.appendingPathComponent("shoal.1")
      try Data(ManualPage.text.utf8).write(to: file)
      let process = Process()
      process.executableURL = URL(fileURLWithPath: path)
      process.arguments = arguments + [file.path]
      process.environment = ["MANWIDTH": "80", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"]
      let (output, errors) = (Pipe(), Pipe())
      process.standardOutput = output
      process.standardError = errors
      process.standardInput = FileHandle.nullDevice
      try process.run()
      let text = String(
        decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      let complaints = String(
        decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      // mandoc complains on standard output, also that there is no date: the same sources give the
      // same page.
      let lines = (complaints + (tool == "man" ? "" : text)).split(separator: "\n")
        .filter { !$0.contains("missing date") }
      #expect(lines.isEmpty)
      if tool == "man" { #expect(text.contains("--stall-timeout")) }
    }
  }
}
