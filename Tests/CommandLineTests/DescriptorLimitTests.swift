import Foundation
import Testing

/// The usual soft limit of open files is 1024, and a seed is to have more peers than that.
@Suite struct DescriptorLimitTests {
  @Test func theProgramTakesAsManyDescriptorsAsItIsAllowed() throws {
    let words = ["-c", "ulimit -Sn 300; exec \"$0\" \"$@\"", ShoalBinary.location.path]
    let tracker = ["tracker", "--open", "--listen", "127.0.0.1:0", "--data", "tracker", "--json"]
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try RunningShoal.with(
      words + tracker, in: folder, program: URL(fileURLWithPath: "/bin/bash")
    ) { running in
      _ = try running.event("started")
      let limits = try String(
        contentsOfFile: "/proc/\(running.processIdentifier)/limits", encoding: .utf8)
      let line = try #require(
        limits.split(separator: "\n").first { $0.hasPrefix("Max open files") })
      let numbers = line.split(separator: " ").compactMap { UInt64($0) }
      #expect(numbers.count == 2 && numbers[0] == numbers[1], "\(line)")
      #expect(numbers.last.map { $0 > 300 } == true, "\(line)")
    }
  }
}
