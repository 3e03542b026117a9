import DeterministicCore
import Glibc
import Networking
import Session
import SwarmLogic
import TorrentModel

/// What a command does with the torrents of a session; the loop tells it what happens.
protocol TransferCommand: AnyObject {
  /// A torrent has something to tell. Called on the loop.
  func torrent(_ runner: TorrentRunner, did event: TorrentEvent, in loop: TransferLoop)
  /// A ring has something to tell. Called on the loop.
  func ring(_ service: ChordService, did event: RingEvent, in loop: TransferLoop)
  /// About five times a second.
  func tick(at now: Moment, in loop: TransferLoop)
  /// The person wants it to end.
  func interrupted(in loop: TransferLoop)
}

extension TransferCommand {
  func ring(_ service: ChordService, did event: RingEvent, in loop: TransferLoop) {}
}

/// The loop under `share`, `get` and `seed`: a session on a reactor, its events shown to people and
/// programs, its progress drawn, and signals taken as wishes to end.
///
/// The invariant: `run` returns only after `end`, and with the code that `end` was first given.
final class TransferLoop {
  let reactor: Reactor
  let session: TorrentSession
  let console: Console
  var view: ProgressView
  private let command: any TransferCommand
  private var exitCode: ExitCode?
  private var failure: CommandError?
  private var signals = 0
  private var limitClock: LimitClock
  /// Torrents that the disk refuses at the moment.
  var waiting: Set<InfoHash> = []

  private static let tickInterval = TimeSpan.milliseconds(200)

  init(
    _ options: PeerOptions, usualPort: UInt16 = 0, isSequential: Bool = false,
    isSuperSeeding: Bool = false,
    resumeFolder: String? = nil, bufferBytes: Int? = nil, usesRings: Bool = false, console: Console,
    command: any TransferCommand
  ) throws(CommandError) {
    self.console = console
    self.command = command
    view = ProgressView(console)
    limitClock = LimitClock(options.limits)
    Reactor.ignoreBrokenPipes()
    var filter = AddressFilter()
    if let path = options.filter { filter = try FilterFile.read(path) }
    do {
      reactor = try Reactor()
      // Before the session starts its threads, which inherit the blocked signals.
      let boxed = SignalTarget()
      try reactor.onSignals([SIGINT, SIGTERM]) { _ in boxed.loop?.interrupt() }
      if let path = options.filter {
        try reactor.onSignals([SIGHUP]) { _ in boxed.loop?.readFilter(path) }
      }
      var configuration = Self.configuration(
        options, limits: limitClock.limits, usualPort: usualPort)
      configuration.filter = filter
      configuration.swarm.isSequential = isSequential
      configuration.swarm.isSuperSeeding = isSuperSeeding
      configuration.resumeFolder = resumeFolder
      if let bufferBytes { configuration.bufferBytes = bufferBytes }
      configuration.takesDatagrams = usesRings
      configuration.ringMemory = StateFolder.rings
      configuration.ringPromotion = options.ringPromotion
      session = try TorrentSession(configuration, on: reactor)
      try session.listen()
      boxed.loop = self
    } catch {
      throw CommandError(
        .failure, "\(error)", remedy: "choose another address or port with --listen")
    }
    session.observer = { [unowned self] runner, event in
      show(runner, event)
      command.torrent(runner, did: event, in: self)
    }
    session.portObserver = { [unowned self] report in show(report) }
    session.ringObserver = { [unowned self] service, event in
      RingNarrator(console).tell(event, of: service) { view.note($0) }
      command.ring(service, did: event, in: self)
    }
  }

  /// Signals arrive through a closure that is made before the loop is whole.
  private final class SignalTarget {
    weak var loop: TransferLoop?
  }

  private static func configuration(
    _ options: PeerOptions, limits: LimitSchedule.Limits, usualPort: UInt16
  ) -> SessionConfiguration {
    var configuration: SessionConfiguration
    if options.listen.address.isUnspecified {
      let port = options.listen.port == 0 ? usualPort : options.listen.port
      configuration = SessionConfiguration(port: port)
      configuration.fallsBackToAnyPort = options.listen.port == 0
    } else {
      configuration = SessionConfiguration(listen: options.listen)
    }
    configuration.proxy = options.proxy
    configuration.swarm.encryption = options.encryption
    configuration.mapsPorts = options.mapsPorts
    configuration.discoversLocally = options.discoversLocally
    configuration.uploadLimit = limits.up
    configuration.downloadLimit = limits.down
    for limit in options.labelLimits { configuration.labelLimits[limit.label] = limit.limits }
    configuration.exemptsLocalNetworks = options.exemptsLocalNetworks
    configuration.swarm.mostPeers = options.mostPeers
    // Whoever asks for more than we would hold of ourselves gets it, as far as the system allows.
    configuration.connections.mostPeers = max(
      configuration.connections.mostPeers, options.mostPeers)
    configuration.swarm.uploadSlots = options.uploadSlots
    configuration.keep(within: DescriptorBudget(limit: DescriptorLimit.current))
    return configuration
  }

  /// Readies what is shown in the closed ring of a torrent. Where that is missing, its peers cannot
  /// be found there.
  func provide(_ wallet: RingWallet, for source: TorrentSource) {
    guard let ring = source.ring?.name, !ring.isOpen, session.ringCredentials[ring] == nil else {
      return
    }
    do throws(CommandError) {
      session.ringCredentials[ring] = try wallet.credentials(for: ring)
    } catch {
      console.warn(error.reason)
    }
  }

  // MARK: Running

  /// Runs until `end`.
  func run() throws(CommandError) -> ExitCode {
    scheduleTick()
    do {
      try reactor.run()
    } catch {
      throw CommandError(.failure, "\(error)")
    }
    view.erase()
    session.shutDown()
    if let failure { throw failure }
    return exitCode ?? .done
  }

  /// Ends the loop once the trackers have been told, or soon in any case.
  func end(_ code: ExitCode) {
    guard exitCode == nil else { return }
    exitCode = code
    session.leave { [self] in
      for runner in session.torrents {
        console.event(.event(.stopped, [("infoHash", .string(runner.infoHash.description))]))
      }
      reactor.stop()
    }
  }

  /// Ends the loop with an error to report.
  func end(_ error: CommandError) {
    if failure == nil, exitCode == nil { failure = error }
    end(error.exitCode)
  }

  private func interrupt() {
    signals += 1
    if signals == 1 { command.interrupted(in: self) } else { reactor.stop() }
  }

  /// A filter that cannot be read leaves the one in force that there is.
  private func readFilter(_ path: String) {
    do throws(CommandError) {
      session.filter = try FilterFile.read(path)
      console.explain("\(Format.count(session.filter.count, "range")) filtered")
    } catch {
      console.warn("the IP filter stays as it was: \(error.reason)")
    }
  }

  private func scheduleTick() {
    reactor.schedule(after: Self.tickInterval) { [weak self] in
      guard let self else { return }
      self.view.update(self.session.torrents.map { TransferSnapshot($0.snapshot) }, at: reactor.now)
      self.lookAtClock()
      self.command.tick(at: reactor.now, in: self)
      self.scheduleTick()
    }
  }

  private func lookAtClock() {
    guard let limits = limitClock.changed() else { return }
    session.setLimits(up: limits.up, down: limits.down)
    let (up, down) = (Self.text(limits.up), Self.text(limits.down))
    if console.detail != .quiet { view.note("limits from now on: up \(up), down \(down)") }
  }

  private static func text(_ limit: UInt64?) -> String { limit.map(Format.rate) ?? "none" }

  // MARK: Showing

  private func show(_ runner: TorrentRunner, _ event: TorrentEvent) {
    let infoHash = ("infoHash", JSONValue.string(runner.infoHash.description))
    switch event {
    case .phase(let phase):
      show(phase, of: runner)
    case .resume(let report):
      show(report, of: runner)
    case .reuse(let report):
      show(report, of: runner)
    case .metadata(let info):
      console.event(
        .event(
          .metadata,
          [
            ("name", .string(info.name)), infoHash,
            ("size", .unsigned(info.geometry.totalLength)),
            ("pieces", .integer(Int64(info.geometry.pieceCount))),
          ]))
    case .swarm(.pieceFailed(let piece, _)):
      console.event(
        .event(.pieceFailed, [infoHash, ("piece", .unsigned(UInt64(piece.number)))]))
      if console.detail == .verbose {
        view.note("piece \(piece) failed its hash; fetching it anew")
      }
    case .swarm(.peerBanned(let endpoint, let reason, let span)):
      let peer = endpoint.address.isLoopback ? "\(endpoint)" : "\(endpoint.address)"
      console.event(
        .event(
          .peerBanned,
          [
            infoHash, ("peer", .string(peer)),
            ("reason", .string(SafeText.visible(reason.description))),
            ("seconds", .integer(Int64(span.seconds))),
          ]))
      if console.detail == .verbose {
        view.note("banned \(peer): \(SafeText.visible(reason.description))")
      }
    case .swarm(.peerConnected(let endpoint)):
      if console.detail == .verbose { view.note("connected to \(endpoint)") }
    case .swarm(.peerClosed(let endpoint, let reason)):
      if console.detail == .verbose {
        view.note("closed \(endpoint): \(SafeText.visible(reason.description))")
      }
    case .swarm:
      break
    case .tracker(let report):
      show(report, infoHash)
    case .webSeed(let report):
      console.event(
        .event(
          .webSeed,
          [infoHash, ("url", .string(report.url)), ("message", .string(report.problem))]))
      if console.detail == .verbose {
        view.note("web seed \(SafeText.visible(report.url)): \(SafeText.visible(report.problem))")
      }
    case .ring(let report):
      show(report, infoHash)
    }
  }

  private func show(_ report: TrackerReport, _ infoHash: (String, JSONValue)) {
    let state: String
    let message: String
    switch report.outcome {
    case .answered(let peers, let seeders, let leechers):
      state = "answered"
      message =
        "\(Format.count(peers, "peer")), \(seeders.map(String.init) ?? "?") seeding, "
        + "\(leechers.map(String.init) ?? "?") downloading"
    case .refused(let reason):
      state = "refused"
      message = reason
    case .failed(let reason):
      state = "failed"
      message = reason
    }
    console.event(
      .event(
        .tracker,
        [
          infoHash, ("url", .string(report.url)), ("state", .string(state)),
          ("message", .string(message)),
        ]))
    if console.detail == .verbose || state == "refused" {
      view.note("tracker \(SafeText.visible(report.url)): \(SafeText.visible(message))")
    }
  }
}

extension TransferSnapshot {
  /// How the session's numbers are shown.
  init(_ snapshot: TorrentSnapshot) {
    let phase: Phase =
      switch snapshot.phase {
      case .fetchingMetadata: .metadata
      case .checking: .checking
      case .downloading, .failed: .downloading
      case .waiting: .waiting
      case .seeding, .stopped: .seeding
      }
    let left = snapshot.bytesTotal - min(snapshot.bytesTotal, snapshot.bytesDone)
    let eta =
      snapshot.downRate >= 1 && phase == .downloading
      ? TimeSpan.seconds(min(Double(left) / snapshot.downRate, 1e8)) : nil
    self.init(
      name: snapshot.name, infoHash: snapshot.infoHash, phase: phase,
      bytesDone: snapshot.bytesDone, bytesTotal: snapshot.bytesTotal,
      downRate: UInt64(snapshot.downRate), upRate: UInt64(snapshot.upRate), peers: snapshot.peers,
      seeds: snapshot.seeds, uploaded: snapshot.uploaded, eta: eta, webSeeds: snapshot.webSeeds,
      fromPeers: snapshot.verifiedFromPeers, fromWebSeeds: snapshot.verifiedFromWebSeeds,
      label: snapshot.label)
  }
}
