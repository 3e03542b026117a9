import DeterministicCore
import Simulator
import TorrentModel

/// What runs of a simulation came to, as a table for people and as numbers for programs.
struct SimulationTable {
  private var runs = 0
  private var efficiency = Spread()
  private var meanEfficiency = Spread()
  private var use = Spread()
  private var cost = Spread()
  private var waste = Spread()

  /// The least, the mean and the greatest of some numbers.
  private struct Spread {
    var count = 0
    var sum = 0.0
    var least = Double.infinity
    var greatest = -Double.infinity

    mutating func add(_ number: Double) {
      count += 1
      sum += number
      least = min(least, number)
      greatest = max(greatest, number)
    }

    var text: String {
      guard count > 0 else { return "–" }
      return [least, sum / Double(count), greatest].map { SimulationTable.decimal($0) }
        .joined(separator: "  ")
    }
  }

  mutating func add(_ outcome: Outcome) {
    runs += 1
    efficiency.add(outcome.measures.makespanEfficiency)
    meanEfficiency.add(outcome.measures.meanEfficiency)
    use.add(outcome.measures.uplinkUse)
    if let cost = outcome.measures.firstCopyCost { self.cost.add(cost) }
    waste.add(outcome.measures.waste)
  }

  /// Least, mean and greatest of each measure over all runs.
  var summary: String {
    """
                              least   mean   greatest
    makespan efficiency       \(efficiency.text)
    mean efficiency           \(meanEfficiency.text)
    uplink use                \(use.text)
    cost of the first copy    \(cost.text)
    waste                     \(waste.text)
    """
  }

  /// One run in one line.
  static func line(_ outcome: Outcome) -> String {
    let measures = outcome.measures
    return "makespan \(decimal(measures.makespanEfficiency)), mean "
      + "\(decimal(measures.meanEfficiency)), use \(decimal(measures.uplinkUse)), first copy "
      + "\(measures.firstCopyCost.map { decimal($0) } ?? "–"), digest \(digest(outcome))"
  }

  /// One run in full.
  static func text(_ simulation: Simulation, _ outcome: Outcome) -> String {
    let measures = outcome.measures
    let size = simulation.size
    var lines = [
      "\(simulation.scenario.name): \(size.peers) peers, \(size.pieces) pieces of "
        + "\(Format.size(size.pieceLength)), seed \(simulation.seed)",
      "",
      row("lower bound", seconds(outcome.bound.seconds)),
      row("last complete", seconds(measures.lastSeconds)),
      row("mean of completion", seconds(measures.meanSeconds)),
      row("makespan efficiency", decimal(measures.makespanEfficiency)),
      row("mean efficiency", decimal(measures.meanEfficiency)),
      row("uplink use", decimal(measures.uplinkUse)),
      row("cost of the first copy", measures.firstCopyCost.map { decimal($0) } ?? "–"),
      row("waste", decimal(measures.waste)),
      row("least piece diversity", decimal(measures.leastDiversity)),
    ]
    if let playback = measures.playback {
      lines += [
        row("longest start", seconds(playback.longestStart)),
        row("stalls", "\(playback.stalls)"),
        row("longest stalled in all", seconds(playback.longestStalled)),
      ]
    }
    lines += [
      "",
      "group                     hosts   complete   mean time   received/given",
    ]
    for group in measures.groups {
      let ratio = group.receivedOverGiven.isFinite ? decimal(group.receivedOverGiven) : "∞"
      lines.append(
        TextColumns.pad(group.name, to: 24) + TextColumns.padLeft("\(group.count)", to: 7)
          + TextColumns.padLeft("\(group.completed)", to: 11)
          + TextColumns.padLeft(seconds(group.meanSeconds), to: 12)
          + TextColumns.padLeft(ratio, to: 17))
    }
    let looks =
      simulation.checkEvery > 0
      ? "looked at after every \(simulation.checkEvery) events" : "looked at when it ended"
    lines += [
      "", "invariants            \(looks)",
      "\(outcome.eventCount) events, digest \(digest(outcome))",
    ]
    return lines.joined(separator: "\n")
  }

  /// One run as the keys of an event.
  static func values(
    of simulation: Simulation, _ outcome: Outcome
  ) -> [(String, JSONValue)] {
    let measures = outcome.measures
    return [
      ("scenario", .string(simulation.scenario.name)), ("seed", .unsigned(simulation.seed)),
      ("peers", .integer(Int64(simulation.size.peers))),
      ("pieces", .integer(Int64(simulation.size.pieces))),
      ("digest", .string(digest(outcome))), ("events", .integer(Int64(outcome.eventCount))),
      ("bound", .decimal(outcome.bound.seconds)),
      ("lastSeconds", .decimal(measures.lastSeconds ?? .nan)),
      ("meanSeconds", .decimal(measures.meanSeconds ?? .nan)),
      ("makespanEfficiency", .decimal(measures.makespanEfficiency)),
      ("meanEfficiency", .decimal(measures.meanEfficiency)),
      ("uplinkUse", .decimal(measures.uplinkUse)),
      ("firstCopyCost", .decimal(measures.firstCopyCost ?? .nan)),
      ("waste", .decimal(measures.waste)), ("leastDiversity", .decimal(measures.leastDiversity)),
      ("longestStart", .decimal(measures.playback?.longestStart ?? .nan)),
      ("stalls", .integer(Int64(measures.playback?.stalls ?? 0))),
      ("longestStalled", .decimal(measures.playback?.longestStalled ?? 0)),
      ("groups", .array(measures.groups.map(values))),
    ]
  }

  private static func values(of group: Measures.Group) -> JSONValue {
    .object([
      ("name", .string(group.name)), ("hosts", .integer(Int64(group.count))),
      ("complete", .integer(Int64(group.completed))),
      ("meanSeconds", .decimal(group.meanSeconds ?? .nan)),
      ("sent", .unsigned(group.bytesSent)), ("received", .unsigned(group.bytesReceived)),
      ("receivedOverGiven", .decimal(group.receivedOverGiven)),
    ])
  }

  private static func row(_ name: String, _ value: String) -> String {
    TextColumns.pad(name, to: 24) + TextColumns.padLeft(value, to: 10)
  }

  private static func seconds(_ number: Double?) -> String {
    number.map { "\(decimal($0)) s" } ?? "–"
  }

  static func digest(_ outcome: Outcome) -> String {
    let digits = String(outcome.digest, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Three digits behind the point.
  static func decimal(_ number: Double) -> String {
    guard number.isFinite, abs(number) < 1e12 else { return "–" }
    let thousandths = Int64((abs(number) * 1000).rounded())
    let rest = thousandths % 1000
    let digits = (rest < 10 ? "00" : rest < 100 ? "0" : "") + "\(rest)"
    return (number < 0 && thousandths > 0 ? "-" : "") + "\(thousandths / 1000).\(digits)"
  }
}
