import Simulator

extension Verb {
  static let simulate = Verb(
    "simulate", "Runs the decisions of a whole swarm in virtual time, repeatably.",
    operands: .exactly(
      Operand(
        "SCENARIO", .words(Scenario.all.map(\.name) + RingScenario.all.map(\.name)))),
    groups: [
      FlagGroup(
        title: "Size",
        [
          SimulateFlags.peers.outline, SimulateFlags.pieces.outline,
          SimulateFlags.pieceLength.outline, SimulateFlags.blockLength.outline,
          SimulateFlags.mostPeers.outline, SimulateFlags.peerUplink.outline,
          SimulateFlags.seedUplink.outline,
        ]),
      FlagGroup(
        title: "Runs",
        [
          SimulateFlags.seed.outline, SimulateFlags.runs.outline, SimulateFlags.checkEvery.outline,
          SimulateFlags.twice.outline, SimulateFlags.shrink.outline, SimulateFlags.picture.outline,
        ]),
    ],
    details: [
      "SCENARIO is one of:"
    ] + Scenario.all.map { "\($0.name): \($0.summary)" }
      + RingScenario.all.map { "\($0.name): \($0.summary)" } + [
        "Hosts, links and clock are simulated; what is asked of whom, whom to serve, whom to trust and "
          + "when to announce is decided by the code that runs on real sockets. A run is a function of "
          + "its scenario, its size and its seed: the same command prints the same digest on any "
          + "machine. A run that breaks an invariant, or falls short of what its scenario expects, "
          + "ends the command with exit code 1 and the command that repeats it."
      ],
    examples: [
      .init("shoal simulate flash-crowd --peers 1000 --pieces 1024", "one large run"),
      .init("shoal simulate churn --runs 200 --quiet", "200 seeds, and a word only of failures"),
      .init("shoal simulate flash-crowd --svg crowd.svg", "a picture of the run"),
    ],
    exitCodes: [.done, .failure, .usage, .disk],
    events: [.simulated, .figure, .error]
  ) { arguments, console throws(CommandError) in
    if let ring = RingScenario.named(arguments.operands[0]) {
      return try RingSimulateRun(ring, arguments, console).perform()
    }
    return try SimulateRun(arguments, console).perform()
  }
}

enum SimulateFlags {
  static let peers = Flag(
    "peers", .number(1...100_000), "hosts besides the seeds", fallback: "the scenario's")
  static let pieces = Flag(
    "pieces", .number(1...100_000), "pieces of the torrent", fallback: "the scenario's")
  static let pieceLength = Flag(
    "piece-length", .size, "bytes in a piece", fallback: "the scenario's")
  static let blockLength = Flag(
    "block-length", .size, "bytes in a block; long blocks make large runs cheap",
    fallback: "the scenario's")
  static let mostPeers = Flag(
    "max-peers", .number(1...2000), "connections of a host", fallback: "the scenario's")
  static let peerUplink = Flag(
    "uplink", .size, "bytes a second that each host but the seeds sends",
    fallback: "the scenario's")
  static let seedUplink = Flag(
    "seed-uplink", .size, "bytes a second that each seed sends", fallback: "the scenario's")
  static let seed = Flag(
    "seed", .number(0...Int.max), "the seed of the first run", fallback: "1")
  static let runs = Flag(
    "runs", .number(1...1_000_000), "runs, each with the next seed", fallback: "1")
  static let checkEvery = Flag(
    "check-every", .number(0...Int.max),
    "events between two looks at the invariants; 0: one look at every host, at the end",
    fallback: "1 to 6251 by size, 0 beyond 100 000 peers times pieces")
  static let twice = Switch("twice", "do each run twice and compare the digests")
  static let shrink = Switch("shrink", "make a failing run as small as it still fails")
  static let picture = Flag("svg", .path, "draw the last run into this file")
}
