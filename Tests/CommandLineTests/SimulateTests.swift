import Foundation
import Testing

/// `simulate`, as a person or a script runs it.
@Suite struct SimulateTests {
  private static let small = [
    "simulate", "flash-crowd", "--peers", "6", "--pieces", "16", "--seed", "3",
  ]

  private func json(_ words: [String]) throws -> [String: Any] {
    let run = try ShoalBinary.run(Self.small + words + ["--json"])
    #expect(run.exitCode == 0, "\(run.errors)")
    return try run.json
  }

  @Test func `the same command prints the same digest, however often it looks at the invariants`()
    throws
  {
    let digests = try [[], ["--twice"], ["--check-every", "1"], ["--check-every", "0"]].map {
      try #require(try json($0)["digest"] as? String)
    }
    #expect(Set(digests).count == 1)
    let other = try json(["--seed", "4"])["digest"] as? String
    #expect(other != digests[0])
  }

  @Test func `uplinks are those that are given`() throws {
    let usual = try json([])
    let fast = try json(["--uplink", "2M", "--seed-uplink", "8M"])
    let bounds = (usual["bound"] as? Double ?? 0, fast["bound"] as? Double ?? 0)
    // The scenario's own are half of these.
    #expect(bounds.0 > 0 && abs(bounds.0 / bounds.1 - 2) < 0.01)
    let groups = try #require(fast["groups"] as? [[String: Any]])
    let length = 16 * 256 << 10
    let received = groups.reduce(0) { $0 + ($1["received"] as? Int ?? 0) }
    let sent = groups.reduce(0) { $0 + ($1["sent"] as? Int ?? 0) }
    #expect(received >= 6 * length && sent >= received)
  }

  @Test func `a run is drawn`() throws {
    try ShoalBinary.withFolder { folder in
      let run = try ShoalBinary.run(Self.small + ["--svg", "crowd.svg"], in: folder)
      #expect(run.exitCode == 0 && run.output.contains("makespan efficiency"))
      let picture = try String(
        contentsOf: folder.appendingPathComponent("crowd.svg"), encoding: .utf8)
      #expect(picture.hasPrefix("<svg") && picture.contains("lower bound"))
      #expect(picture.hasSuffix("</svg>\n"))
    }
  }

  @Test func `a scenario that does not exist is met with the one that was meant`() throws {
    let run = try ShoalBinary.run(["simulate", "flash-crowds"])
    #expect(run.exitCode == 2 && run.errors.contains("did you mean 'flash-crowd'?"))
  }
}
