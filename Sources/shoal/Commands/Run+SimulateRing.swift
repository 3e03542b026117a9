import Simulator
import TorrentModel

/// Performs `shoal simulate ring-…`: runs a ring and shows its figures beside the published ones.
struct RingSimulateRun {
  private let console: Console
  private let scenario: RingScenario
  private let hosts: Int
  private let seed: UInt64
  private let runs: Int
  private let runsTwice: Bool

  init(
    _ scenario: RingScenario, _ arguments: ParsedArguments, _ console: Console
  ) throws(CommandError) {
    self.console = console
    self.scenario = scenario
    hosts = try arguments.value(of: SimulateFlags.peers) ?? scenario.hosts
    guard hosts >= 16 else { throw .usage("a ring to simulate wants 16 hosts or more") }
    seed = UInt64(try arguments.value(of: SimulateFlags.seed) ?? 1)
    runs = try arguments.value(of: SimulateFlags.runs) ?? 1
    runsTwice = arguments.has(SimulateFlags.twice)
  }

  func perform() throws(CommandError) -> ExitCode {
    for run in 0..<runs {
      let seed = seed &+ UInt64(run)
      let outcome = scenario.run(seed: seed, hosts: hosts)
      if runsTwice, scenario.run(seed: seed, hosts: hosts).digest != outcome.digest {
        throw failure("two runs of one seed went different ways", seed)
      }
      for figure in outcome.figures { console.event(event(of: figure, seed)) }
      console.result(table(of: outcome, seed))
      if let missed = outcome.figures.first(where: { !$0.holds }) {
        throw failure("\(missed.name): \(Self.text(missed.measured)) is out of bounds", seed)
      }
    }
    return .done
  }

  private func failure(_ message: String, _ seed: UInt64) -> CommandError {
    CommandError(
      .failure, message, on: "\(scenario.name), seed \(seed)",
      remedy: "repeat it with '\(command(seed))'")
  }

  private func command(_ seed: UInt64) -> String {
    "shoal simulate \(scenario.name) --seed \(seed)"
      + (hosts == scenario.hosts ? "" : " --peers \(hosts)")
  }

  private func event(of figure: RingFigure, _ seed: UInt64) -> JSONValue {
    .event(
      .figure,
      [
        ("scenario", .string(scenario.name)), ("seed", .unsigned(seed)),
        ("peers", .integer(Int64(hosts))), ("name", .string(figure.name)),
        ("published", .string(figure.published)), ("measured", .decimal(figure.measured)),
        ("holds", .bool(figure.holds)),
      ])
  }

  private func table(of outcome: RingOutcome, _ seed: UInt64) -> String {
    let width = (outcome.figures.map { TextColumns.count($0.name) }.max() ?? 0) + 2
    var text = "\(command(seed))\n"
    for figure in outcome.figures {
      text += "  " + TextColumns.pad(figure.name, to: width)
      text += TextColumns.padLeft(Self.text(figure.measured), to: 10)
      text += "   " + figure.published + (figure.holds ? "" : "   missed") + "\n"
    }
    let digits = String(outcome.digest, radix: 16)
    return text + "  \(outcome.messages) messages, digest \(digits)"
  }

  /// Three decimals at most.
  private static func text(_ number: Double) -> String {
    guard number.isFinite else { return "–" }
    let rounded = (number * 1000).rounded() / 1000
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}
