import DeterministicCore
import Networking
import Session
import Storage
import SwarmLogic
import TorrentModel

/// Downloads every source, and tells by its exit code how that went.
func runGet(_ options: GetOptions, console: Console) throws(CommandError) -> ExitCode {
  // Sources are read before a port is opened: a mistyped name costs nothing.
  var sources: [ReadSource] = []
  for wanted in options.sources {
    let source = wanted.source
    if case .channel(let text) = source, let channel = RingChannel(text: text),
      let ring = options.ring
    {
      sources.append(
        ReadSource(.magnet(try channel.follow(in: ring, showing: options.wallet)), .document))
    } else {
      sources.append(try source.read(through: options.peers.proxy))
    }
    sources[sources.count - 1].label = wanted.label
  }
  let command = GetCommand(options)
  let resumeFolder = options.repair == nil ? StateFolder.resume : nil
  if resumeFolder == nil, options.repair == nil {
    console.explain(
      "neither XDG_STATE_HOME nor HOME names a folder: an interrupted download is checked as a "
        + "whole when it goes on")
  }
  let usesRings =
    options.ring != nil || options.watch != nil || sources.contains { $0.torrent.ring != nil }
  let loop = try TransferLoop(
    options.peers, isSequential: options.isSequential, resumeFolder: resumeFolder,
    bufferBytes: options.memory, usesRings: usesRings, console: console, command: command)
  if let ring = options.ring?.name {
    loop.session.ringCredentials[ring] = try options.wallet.credentials(for: ring)
  }
  try command.openStream(in: loop)
  command.start(sources, in: loop)
  return try loop.run()
}

/// The state of a `get`: which torrents are complete, which still have to give back.
private final class GetCommand: TransferCommand {
  private struct Download {
    let startedAt: Moment
    var lastProgressAt: Moment
    var lastBytes: UInt64 = 0
    var bytesAtStart: UInt64?
    /// Whether a piece has come with the wrong hash.
    var hasBadData = false
    var completeAt: Moment?
    var isDone = false
    /// The disk takes no more of it for good.
    var hasFailed = false
  }

  private let options: GetOptions
  private var downloads: [InfoHash: Download] = [:]
  private var firstFailure: CommandError?
  private var stream: (any DownloadStream)?
  /// Where there is one, nothing but an interrupt ends the command.
  private var watched: WatchedFolder?

  init(_ options: GetOptions) {
    self.options = options
    watched = options.watch.map { WatchedFolder(path: $0) }
  }

  /// Whether a file is wanted, by its path below the download folder; nil for all.
  private var wantsFile: (@Sendable (String) -> Bool)? {
    guard !options.select.isEmpty else { return nil }
    let globs = options.select.map { Glob($0) }
    return { path in globs.contains { $0.matches(path) } }
  }

  func openStream(in loop: TransferLoop) throws(CommandError) {
    switch options.stream {
    case nil: return
    case .pipe:
      stream = StreamPipe(on: loop.reactor, wanted: wantsFile) { [unowned self, unowned loop] in
        interrupted(in: loop)
      }
    case .server(let endpoint):
      do {
        stream = try StreamServer(on: loop.reactor, at: endpoint, wanted: wantsFile) {
          [unowned loop] url in
          loop.console.event(.event(.stream, [("url", .string(url))]))
          if !loop.console.isJSON { loop.view.note("stream   \(url)") }
        }
      } catch {
        throw CommandError(.failure, "\(error)", remedy: "choose another port with --stream")
      }
    }
  }

  func start(_ sources: [ReadSource], in loop: TransferLoop) {
    for named in sources {
      let source = named.torrent
      var torrent = options.peers.torrent(in: options.output)
      if let label = named.label { torrent.label = label }
      torrent.origin = named.origin
      torrent.alias = options.alias
      torrent.trackers = options.trackers
      torrent.ring = options.ring
      torrent.webSeeds = options.webSeeds + named.webSeeds
      torrent.wantsFile = wantsFile
      torrent.reuse = options.reuse
      torrent.storage = options.repair?.storage
      torrent.verifiedPieces = options.repair?.good
      if !options.first.isEmpty || !options.last.isEmpty {
        let first = options.first.map { Glob($0) }
        let last = options.last.map { Glob($0) }
        torrent.priorityOfFile = { path in
          if first.contains(where: { $0.matches(path) }) { return .high }
          return last.contains { $0.matches(path) } ? .low : .normal
        }
      }
      let now = loop.reactor.now
      loop.provide(options.wallet, for: source)
      downloads[source.infoHash] = Download(startedAt: now, lastProgressAt: now)
      loop.announceStart(of: source)
      loop.session.add(source, torrent)
    }
  }

  func torrent(_ runner: TorrentRunner, did event: TorrentEvent, in loop: TransferLoop) {
    switch event {
    case .phase(.downloading), .phase(.seeding):
      // What was on disk already did not have to be downloaded.
      let present = runner.snapshot.bytesDone
      if downloads[runner.infoHash]?.bytesAtStart == nil {
        downloads[runner.infoHash]?.bytesAtStart = present
      }
      stream?.begin(runner)
      if case .phase(.seeding) = event { complete(runner, in: loop) }
    case .swarm(.pieceFailed):
      downloads[runner.infoHash]?.hasBadData = true
    case .phase(.failed(let failure)):
      // One torrent's disk is not another's: the others are fetched to their end first.
      if watched != nil {
        loop.console.warn(CommandError(failure, on: runner.name).reason)
      } else if firstFailure == nil {
        firstFailure = CommandError(failure, on: runner.name)
      }
      downloads[runner.infoHash]?.hasFailed = true
      endIfOver(loop)
    case .tracker(let report):
      // Trackers that all refuse the torrent leave nobody to ask, unless peers were named.
      if case .refused(let reason) = report.outcome, runner.snapshot.peers == 0,
        runner.snapshot.webSeeds == 0,
        downloads[runner.infoHash]?.completeAt == nil,
        runner.isRefusedByAllTrackers, options.peers.peers.isEmpty
      {
        giveUp(
          runner, in: loop,
          CommandError(
            .trackerRefused, "the tracker refused: \(reason)", on: report.url,
            remedy: "ask whoever runs it, or name another with --tracker"))
      }
    default:
      break
    }
  }

  private func complete(_ runner: TorrentRunner, in loop: TransferLoop) {
    guard var download = downloads[runner.infoHash], download.completeAt == nil else { return }
    let now = Reactor.clock
    download.completeAt = now
    downloads[runner.infoHash] = download
    let snapshot = runner.snapshot
    loop.view.finish(
      TransferSummary(
        name: snapshot.name, infoHash: snapshot.infoHash, size: snapshot.bytesTotal,
        downloaded: snapshot.bytesTotal - min(snapshot.bytesTotal, download.bytesAtStart ?? 0),
        time: now - download.startedAt, peers: snapshot.contributors,
        fromPeers: snapshot.verifiedFromPeers, fromWebSeeds: snapshot.verifiedFromWebSeeds))
    checkGoal(of: runner, at: now, in: loop)
  }

  /// Whether a complete torrent has given back what was asked of it.
  private func checkGoal(of runner: TorrentRunner, at now: Moment, in loop: TransferLoop) {
    guard let completeAt = downloads[runner.infoHash]?.completeAt else { return }
    let snapshot = runner.snapshot
    let hasRatio =
      options.seedRatio.map { Double(snapshot.uploaded) >= $0 * Double(snapshot.bytesTotal) }
      ?? false
    // A ratio without a time means: as long as that takes.
    let hasTime =
      options.seedRatio != nil && options.seedTime == .zero
      ? false : now - completeAt >= options.seedTime
    guard hasRatio || hasTime else { return }
    downloads[runner.infoHash]?.isDone = true
    if watched != nil { return leave(runner, in: loop) }
    endIfOver(loop)
  }

  /// Nothing more will come of a torrent: the command ends, unless it watches for others.
  private func giveUp(_ runner: TorrentRunner, in loop: TransferLoop, _ error: CommandError) {
    guard watched != nil else { return loop.end(error) }
    guard downloads[runner.infoHash]?.hasFailed == false else { return }
    downloads[runner.infoHash]?.hasFailed = true
    loop.console.warn("\(SafeText.visible(runner.name)): \(error.reason)")
  }

  /// Lets a torrent go that has given back what was asked of it.
  private func leave(_ runner: TorrentRunner, in loop: TransferLoop) {
    runner.leave { [weak loop] in loop?.session.remove(runner) }
  }

  private func endIfOver(_ loop: TransferLoop) {
    guard watched == nil, downloads.values.allSatisfy({ $0.isDone || $0.hasFailed }),
      stream?.isFinished ?? true || firstFailure != nil
    else { return }
    if let firstFailure { loop.end(firstFailure) } else { loop.end(.done) }
  }

  func tick(at now: Moment, in loop: TransferLoop) {
    // A pipe may be read to its end long after the download's.
    if stream != nil { endIfOver(loop) }
    if let new = watched?.look(at: now, console: loop.console) {
      start(
        new.filter { downloads[$0.infoHash] == nil }.map { ReadSource($0, .document) }, in: loop)
    }
    for runner in loop.session.torrents where isUnderWay(runner) {
      let snapshot = runner.snapshot
      if downloads[runner.infoHash]?.completeAt != nil {
        checkGoal(of: runner, at: now, in: loop)
      } else if snapshot.phase == .checking
        || snapshot.downloaded != downloads[runner.infoHash]?.lastBytes
      {
        downloads[runner.infoHash]?.lastBytes = snapshot.downloaded
        downloads[runner.infoHash]?.lastProgressAt = now
      } else if let last = downloads[runner.infoHash]?.lastProgressAt,
        now - last >= options.stallTimeout
      {
        if case .waiting(let error) = snapshot.phase {
          giveUp(
            runner, in: loop,
            CommandError(
              .disk, "\(error)", on: snapshot.name, remedy: "run the same command again to go on"))
          continue
        }
        // Whoever watches has time: somebody may come yet.
        guard watched == nil else { continue }
        loop.end(Self.stalled(snapshot, downloads[runner.infoHash]?.hasBadData ?? false))
      }
    }
  }

  private func isUnderWay(_ runner: TorrentRunner) -> Bool {
    downloads[runner.infoHash].map { !$0.hasFailed && !$0.isDone } ?? false
  }

  /// Nothing has come for long: because there is nobody, or because everybody who was there sent bad
  /// data and was sent away.
  private static func stalled(_ snapshot: TorrentSnapshot, _ hasBadData: Bool) -> CommandError {
    guard snapshot.peers == 0, hasBadData else {
      return CommandError(
        .noPeers,
        snapshot.peers == 0 ? "no peers were found" : "no peer has sent anything for long",
        on: snapshot.name,
        remedy: "check that somebody shares it, or wait longer with --stall-timeout")
    }
    return CommandError(
      .dataMismatch, "every peer sent data that does not match its hash", on: snapshot.name,
      remedy: "have whoever shares it check the data with 'shoal verify', or find another source")
  }

  func interrupted(in loop: TransferLoop) {
    let isComplete = downloads.values.allSatisfy { $0.completeAt != nil }
    if isComplete { return loop.end(.done) }
    loop.end(
      CommandError(
        .incomplete, "interrupted before it was complete",
        remedy: "run the same command again to go on"))
  }
}
