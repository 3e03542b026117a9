import DeterministicCore
import Simulator

/// A run as a picture: how far the swarm was against the lower bound, how busy its uplinks were and
/// how evenly its pieces were spread. Colours follow the reader's light or dark setting.
struct SimulationPicture {
  private let simulation: Simulation
  private let outcome: Outcome
  /// Seconds at the right edge.
  private let end: Double

  private static let (left, top, width, height) = (64.0, 64.0, 720.0, 300.0)

  init(_ simulation: Simulation, _ outcome: Outcome) {
    self.simulation = simulation
    self.outcome = outcome
    end = max(outcome.measures.lastSeconds ?? outcome.seconds, outcome.bound.seconds, 1)
  }

  var svg: String {
    let hosts = outcome.hosts.filter { $0.isWaitedFor }
    let ends = hosts.compactMap { $0.completedAt.map { ($0 - Moment.zero).seconds } }.sorted()
    var completion: [(Double, Double)] = [(0, 0)]
    for (number, moment) in ends.enumerated() {
      completion.append((moment, Double(number) / Double(hosts.count)))
      completion.append((moment, Double(number + 1) / Double(hosts.count)))
    }
    let samples = outcome.samples.filter { $0.seconds <= end }
    let measures = outcome.measures
    let subtitle =
      "\(simulation.size.peers) peers, \(simulation.size.pieces) pieces, seed \(simulation.seed): "
      + "makespan efficiency \(SimulationTable.decimal(measures.makespanEfficiency)), uplink use "
      + SimulationTable.decimal(measures.uplinkUse)
    var body = ""
    for tick in 0...4 {
      let share = Double(tick) / 4
      body += "<line class=\"grid\" \(segment((0, share), (end, share)))/>"
      body += text(Self.left - 8, y(share) + 4, "\(tick * 25)%", "tick", anchor: "end")
      body += text(
        x(end * share), Self.top + Self.height + 20, "\(Int((end * share).rounded())) s", "tick",
        anchor: "middle")
    }
    body +=
      "<line class=\"bound\" \(segment((outcome.bound.seconds, 0), (outcome.bound.seconds, 1)))/>"
    body += text(x(outcome.bound.seconds) - 6, y(0.04), "lower bound", "tick", anchor: "end")
    body += line(samples.map { ($0.seconds, $0.uplinkUse) }, "use")
    body += line(samples.map { ($0.seconds, $0.diversity) }, "diversity")
    body += line(samples.map { ($0.seconds, $0.fraction) }, "pieces")
    body += line(completion, "complete")
    for (place, (name, style)) in [
      ("hosts complete", "complete"), ("pieces held", "pieces"), ("uplink use", "use"),
      ("piece diversity", "diversity"),
    ].enumerated() {
      let start = Self.left + Double(place) * 180
      body +=
        "<line class=\"\(style)\" x1=\"\(start)\" x2=\"\(start + 24)\" y1=\"416\" y2=\"416\"/>"
      body += text(start + 32, 420, name, "legend", anchor: "start")
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 816 440" role="img" \
      aria-label="\(simulation.scenario.name): \(subtitle)">
      <style>
      svg { background: #fff; color: #1b1f24; font: 13px system-ui, sans-serif; }
      text { fill: currentColor; } .title { font-size: 17px; font-weight: 600; }
      .tick, .subtitle { opacity: .7; } .tick { font-size: 11px; }
      .grid { stroke: currentColor; opacity: .15; }
      .bound { stroke: currentColor; stroke-dasharray: 5 4; opacity: .7; }
      .complete, .pieces, .use, .diversity { fill: none; stroke-width: 2; stroke-linejoin: round; }
      .complete { stroke: #0b62c4; } .pieces { stroke: #1a7f37; }
      .use { stroke: #b35900; } .diversity { stroke: #8250df; }
      @media (prefers-color-scheme: dark) {
        svg { background: #11151a; color: #e6edf3; }
        .complete { stroke: #6cb0ff; } .pieces { stroke: #4fd16f; }
        .use { stroke: #ffa94d; } .diversity { stroke: #c9a6ff; }
      }
      </style>
      \(text(Self.left, 28, simulation.scenario.name, "title", anchor: "start"))
      \(text(Self.left, 48, subtitle, "subtitle", anchor: "start"))
      \(body)
      </svg>

      """
  }

  private func x(_ seconds: Double) -> Double { round(Self.left + Self.width * seconds / end) }
  private func y(_ share: Double) -> Double { round(Self.top + Self.height * (1 - min(1, share))) }

  /// To a tenth of a pixel.
  private func round(_ number: Double) -> Double { (number * 10).rounded() / 10 }

  private func segment(_ from: (Double, Double), _ to: (Double, Double)) -> String {
    "x1=\"\(x(from.0))\" y1=\"\(y(from.1))\" x2=\"\(x(to.0))\" y2=\"\(y(to.1))\""
  }

  private func line(_ points: [(Double, Double)], _ style: String) -> String {
    let path = points.map { "\(x($0.0)),\(y($0.1))" }.joined(separator: " ")
    return "<polyline class=\"\(style)\" points=\"\(path)\"/>"
  }

  private func text(
    _ x: Double, _ y: Double, _ content: String, _ style: String, anchor: String
  ) -> String {
    "<text class=\"\(style)\" x=\"\(x)\" y=\"\(y)\" text-anchor=\"\(anchor)\">\(content)</text>"
  }
}
