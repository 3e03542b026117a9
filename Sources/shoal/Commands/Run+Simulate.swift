import CLinux
import DeterministicCore
import Simulator
import TorrentModel

/// Performs `shoal simulate`.
struct SimulateRun {
  private let console: Console
  private let scenario: Scenario
  private let size: Scenario.Size
  private let seed: UInt64
  private let runs: Int
  private let checkEvery: Int
  private let runsTwice: Bool
  private let shrinks: Bool
  private let picture: String?

  init(_ arguments: ParsedArguments, _ console: Console) throws(CommandError) {
    self.console = console
    let name = arguments.operands[0]
    guard let scenario = Scenario.named(name) else {
      let near = EditDistance.nearest(
        to: name, among: Scenario.all.map(\.name) + RingScenario.all.map(\.name))
      throw .usage(
        "unknown scenario '\(name)'",
        remedy: near.map { "did you mean '\($0)'?" } ?? "see 'shoal simulate --help'")
    }
    self.scenario = scenario
    var size = scenario.size
    if let peers = try arguments.value(of: SimulateFlags.peers) { size.peers = peers }
    if let pieces = try arguments.value(of: SimulateFlags.pieces) { size.pieces = pieces }
    if let length = try arguments.value(of: SimulateFlags.pieceLength) { size.pieceLength = length }
    if let length = try arguments.value(of: SimulateFlags.blockLength) {
      size.blockLength = UInt32(clamping: length)
    }
    if let most = try arguments.value(of: SimulateFlags.mostPeers) { size.mostPeers = most }
    size.peerUplink = try arguments.value(of: SimulateFlags.peerUplink)
    size.seedUplink = try arguments.value(of: SimulateFlags.seedUplink)
    guard size.pieceLength <= 128 << 20, size.pieceLength / UInt64(size.blockLength) < 1 << 16
    else {
      throw .usage(
        "a piece of \(size.pieceLength) bytes in blocks of \(size.blockLength) cannot be simulated",
        remedy: "give pieces of at most 128M, in at most 65535 blocks")
    }
    self.size = size
    seed = UInt64(try arguments.value(of: SimulateFlags.seed) ?? 1)
    runs = try arguments.value(of: SimulateFlags.runs) ?? 1
    let hosts = size.peers * size.pieces
    checkEvery =
      try arguments.value(of: SimulateFlags.checkEvery) ?? (hosts > 100_000 ? 0 : hosts / 16 + 1)
    runsTwice = arguments.has(SimulateFlags.twice)
    shrinks = arguments.has(SimulateFlags.shrink)
    picture = try arguments.value(of: SimulateFlags.picture)
    if let picture { try FileContents.checkWritable(picture) }
  }

  /// What a host of a large swarm takes, measured: the most of it are endpoints it has heard of.
  private static let bytesPerHost = 192 << 10

  func perform() throws(CommandError) -> ExitCode {
    if size.peers >= 200 { shoal_expect_memory(size.peers * Self.bytesPerHost) }
    var table = SimulationTable()
    for run in 0..<runs {
      let simulation = Simulation(
        scenario, size: size, seed: seed &+ UInt64(run), checkEvery: checkEvery)
      let outcome = simulation.run { now, events in showProgress(run, now, events) }
      console.errors.write(console.errors.isInteractive && !console.isJSON ? "\r\u{1b}[K" : "")
      if runsTwice, simulation.run().digest != outcome.digest {
        throw failure("two runs of one seed went different ways", simulation)
      }
      guard outcome.violations.isEmpty else { throw report(simulation, outcome) }
      table.add(outcome)
      console.event(.event(.simulated, SimulationTable.values(of: simulation, outcome)))
      console.explain("seed \(simulation.seed): \(SimulationTable.line(outcome))")
      if run == runs - 1 {
        if let picture {
          try FileContents.write(
            Array(SimulationPicture(simulation, outcome).svg.utf8), to: picture)
        }
        if runs == 1 { console.result(SimulationTable.text(simulation, outcome)) }
      }
    }
    if runs > 1 {
      console.result("\(scenario.name): seeds \(seed) to \(seed &+ UInt64(runs - 1)) hold")
      console.note(table.summary)
    }
    return .done
  }

  private func showProgress(_ run: Int, _ now: Moment, _ events: Int) {
    guard console.errors.isInteractive, !console.isJSON, console.detail >= .normal else { return }
    let text = "run \(run + 1) of \(runs): \(Format.duration(now - .zero)), \(events) events"
    console.errors.write("\r\u{1b}[K" + text)
  }

  private func report(_ simulation: Simulation, _ outcome: Outcome) -> CommandError {
    var (failing, result) = (simulation, outcome)
    if shrinks, let smaller = simulation.shrunk() {
      (failing, result) = (smaller.simulation, smaller.outcome)
    }
    for violation in result.violations.dropFirst() { console.explain(violation) }
    return failure(result.violations[0], failing)
  }

  private func failure(_ message: String, _ simulation: Simulation) -> CommandError {
    CommandError(
      .failure, message, on: "\(scenario.name), seed \(simulation.seed)",
      remedy: "repeat it with '\(simulation.command)'"
        + (shrinks ? "" : ", add --shrink for a smaller one"))
  }
}
