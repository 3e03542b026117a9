import ChordLogic
import ChordWire
import DeterministicCore
import Glibc
import Networking
import Session
import TorrentModel

/// What `shoal ring serve` was asked to do.
struct RingServeOptions: Sendable {
  var ring: RingReference
  var listen: Endpoint
  /// Nodes at this one endpoint.
  var virtualNodes: Int
  var credentials: RingCredentials?
  /// Between two keys that are looked up to see how long it takes; nil for none.
  var probe: TimeSpan?

  private static let listenFlag = Flag(
    "listen", short: "l", .listen, "where to serve; the address is that which others are told",
    fallback: "[::]:\(SessionConfiguration.usualPort), every address")
  private static let virtualNodesFlag = Flag(
    "virtual-nodes", .number(1...8), "places in the ring that this host takes", fallback: "1")

  private static let probeFlag = Flag(
    "probe", .time, "look up a key drawn by chance this often, and tell how long it took",
    fallback: "never")

  static let flags = FlagGroup(
    title: "Node", [listenFlag.outline, virtualNodesFlag.outline, probeFlag.outline])

  init(_ arguments: ParsedArguments) throws(CommandError) {
    ring = try RingFlags.required(arguments, by: "ring serve")
    credentials = try RingWallet(arguments).credentials(for: ring.name)
    if let credentials, !credentials.certificate.roles.contains(.member) {
      throw .usage(
        "the certificate is a client's, and a node keeps records", on: ring.name.description,
        remedy: "have the operator admit this machine without --client")
    }
    listen =
      try arguments.value(of: Self.listenFlag)
      ?? Endpoint(.v6(high: 0, low: 0), port: SessionConfiguration.usualPort)
    virtualNodes = try arguments.value(of: Self.virtualNodesFlag) ?? 1
    probe = try arguments.value(of: Self.probeFlag)
    guard probe != .zero else { throw .usage("--probe wants a time above zero") }
  }
}

extension Verb {
  static let ringServe = Verb(
    "ring serve", "Runs a node of a ring, which knows peers without a tracker.", operands: .none,
    groups: [RingFlags.group, RingServeOptions.flags, RingWallet.group],
    details: [
      "A ring is made of such nodes: each keeps the peers of some torrents, and copies of its "
        + "neighbours'. The first one is started without --bootstrap; the others name any that "
        + "runs. UDP has to reach it from outside.",
      "The nodes it met are kept in $XDG_STATE_HOME/shoal/rings (~/.local/state/shoal/rings), so "
        + "that it finds its ring again. ^C hands over what it keeps before it ends.",
      "A closed ring is entered with a certificate: see 'shoal ring admit'.",
    ],
    examples: [
      .init("shoal ring serve --ring open:harbour --listen 192.0.2.1:6881", "the first node"),
      .init(
        "shoal ring serve --ring open:harbour --bootstrap 192.0.2.1:6881", "every other node"),
    ],
    exitCodes: [.done, .failure, .usage],
    events: [.ringStarted, .ringNode, .ringProbe, .ringStopped, .error]
  ) { arguments, console throws(CommandError) in
    try runRingServe(RingServeOptions(arguments), console: console)
  }
}

/// Runs a node until interrupted.
private func runRingServe(
  _ options: RingServeOptions, console: Console
) throws(CommandError) -> ExitCode {
  let reactor: Reactor
  let session: TorrentSession
  do {
    Reactor.ignoreBrokenPipes()
    reactor = try Reactor()
    // Before the session starts its threads, which inherit the blocked signals.
    let ending = Ending()
    try reactor.onSignals([SIGINT, SIGTERM]) { _ in ending.begin() }
    var configuration =
      options.listen.address.isUnspecified
      ? SessionConfiguration(port: options.listen.port)
      : SessionConfiguration(listen: options.listen)
    configuration.takesDatagrams = true
    configuration.ringMemory = StateFolder.rings
    session = try TorrentSession(configuration, on: reactor)
    session.ringCredentials[options.ring.name] = options.credentials
    try session.listen()
    ending.session = session
  } catch {
    throw CommandError(
      .failure, "\(error)", remedy: "choose another address or port with --listen")
  }
  console.event(
    .event(
      .ringStarted,
      [
        ("listen", .array(session.listeningOn.map { .string("\($0)") })),
        ("ring", .string(options.ring.name.description)),
      ]))
  session.ringObserver = { service, event in
    RingNarrator(console).tell(event, of: service) { console.result($0) }
    if case .joined(let contact) = event {
      console.note("node \(contact.id) of \(service.name) at \(contact.endpoint)")
      console.note("join with --ring \(service.name) --bootstrap \(contact.endpoint)")
    }
  }
  var configuration = RingConfiguration(options.ring, role: .member)
  configuration.virtualNodes = options.virtualNodes
  let service = session.join(configuration, namedBy: .user)
  var probe: RingProbe?
  if let service, let interval = options.probe {
    probe = RingProbe(service, every: interval, console)
    probe?.begin(on: reactor)
  }
  defer { probe = nil }
  do {
    try reactor.run()
  } catch {
    throw CommandError(.failure, "\(error)")
  }
  session.shutDown()
  if let service { console.event(.event(.ringStopped, counts(of: service))) }
  return .done
}

/// What went through a node, as its last event has it.
private func counts(of service: ChordService) -> [(String, JSONValue)] {
  let counts = service.statistics
  return [
    ("received", .unsigned(counts.received)), ("receivedBytes", .unsigned(counts.receivedBytes)),
    ("sent", .unsigned(counts.sent)), ("sentBytes", .unsigned(counts.sentBytes)),
    ("flooded", .integer(Int64(counts.refused.flooded))),
    ("malformed", .unsigned(counts.malformed)),
    ("wrongRing", .integer(Int64(counts.refused.wrongRing))),
    ("unproven", .integer(Int64(counts.refused.unproven))),
    ("unbound", .integer(Int64(counts.refused.unbound))),
    ("uncertified", .integer(Int64(counts.refused.uncertified))),
    ("badCertificates", .integer(Int64(counts.sealed.badCertificates))),
    ("expired", .integer(Int64(counts.sealed.expired))),
    ("forged", .integer(Int64(counts.sealed.forged))),
    ("replayed", .integer(Int64(counts.sealed.replayed))),
    ("unknownLinks", .integer(Int64(counts.sealed.unknownLinks))),
    ("unsent", .unsigned(counts.unsent)),
    ("lookups", .unsigned(counts.lookups)), ("failedLookups", .unsigned(counts.failedLookups)),
    ("records", .integer(Int64(service.recordCount))),
  ]
}

/// The end of a node: the first signal lets it leave the ring in order, the second does not.
private final class Ending {
  weak var session: TorrentSession?
  private var hasBegun = false

  func begin() {
    guard let session else { return }
    let reactor = session.reactor
    guard !hasBegun else { return reactor.stop() }
    hasBegun = true
    session.leave { reactor.stop() }
  }
}
