import Accounts
import CLinux
import Control
import DeterministicCore
import Glibc
import Networking
import Session
import Storage
import TorrentModel
import TrackerLogic

/// Runs a tracker until interrupted.
func runTracker(
  _ arguments: ParsedArguments, console: Console
) throws(CommandError) -> ExitCode {
  let options = try TrackerOptions(TrackerOptions.configured(arguments))
  Reactor.ignoreBrokenPipes()
  do {
    // Before anything else is opened or started.
    var passed: [PassedSocketBox] = []
    try PassedSocket.takeAll { passed.append(PassedSocketBox($0)) }
    try options.becomeUser()
    let reactor = try Reactor()
    var reload: () -> Void = {}
    try reactor.onSignals([SIGINT, SIGTERM, SIGHUP]) { signal in
      if signal == SIGHUP { reload() } else { reactor.stop() }
    }
    let keeper = options.isPrivate ? try keepAccounts(options, reactor, console) : nil
    let server = try TrackerServer(
      options.policy, admission: options.isOpen ? .everything : .registered,
      membership: keeper?.membership, trustedProxies: options.trustedProxies,
      store: options.store, workers: options.workers, on: reactor,
      report: storeReporter(options, console))
    reload = { reloadConfiguration(arguments, options, server, console) }
    var watcher: FolderWatcher?
    if !options.isOpen, keeper == nil {
      watcher = FolderWatcher(options.torrents, server: server, reactor: reactor, console: console)
      watcher?.look()
    }
    // Once it is known which torrents are tracked, and before the first announce.
    let swarms = SwarmsFile(in: options.data)
    let swarmKeeper = try SwarmKeeper(
      server, in: swarms, every: options.saveInterval, on: reactor,
      report: swarmsReporter(swarms, console))
    for box in passed {
      if let socket = box.take() { try server.listen(at: socket) }
    }
    for var endpoint in passed.isEmpty ? options.endpoints : [] {
      do {
        endpoint.port = server.listeningOn.first?.port ?? endpoint.port
        try server.listen(on: endpoint)
      } catch {
        // A machine may lack IPv6; it may not lack the first.
        if server.listeningOn.isEmpty { throw error }
      }
    }
    let bases = options.announceBases(at: server.listeningOn.first)
    try keeper?.setAnnounceBases(bases)
    let pages = try servePages(options, server, keeper)
    announceStart(of: server, bases, options, console)
    tellTorrents(watcher, keeper, options, console)
    tellPages(pages, options, console)
    ServiceManager.tell(.ready)
    try reactor.run()
    ServiceManager.tell(.stopping)
    watcher = nil
    pages?.close()
    server.close()
    keeper?.finish()
    try swarmKeeper.finish()
    console.event(.event(.serviceStopped))
    return .done
  } catch let error as CommandError {
    throw error
  } catch let error as AccountsError {
    throw CommandError(error)
  } catch let error as StorageError {
    throw CommandError(
      .disk, "the swarms could not be kept: \(error)",
      remedy: "name a folder that can be written to with --data")
  } catch {
    throw CommandError(
      .failure, "\(error)", remedy: "choose another address or port with --listen")
  }
}

/// Tells what became of the swarms of the last run, when the swarms cannot be written, and when they can
/// be again; the tracker goes on.
private func swarmsReporter(
  _ swarms: SwarmsFile, _ console: Console
) -> (SwarmKeeper.Report) -> Void {
  var told: StorageError?
  return { report in
    switch report {
    case .restored(let count):
      console.explain("\(Format.count(count, "peer")) of the last run")
    case .unusable(let generation, let reason):
      let time = generation == .latest ? "last written" : "written before"
      console.warn("the swarms as \(time) are lost: \(SafeText.visible(reason))")
    case .failed(let failure):
      if failure != told { console.warn("the swarms are not kept: \(failure)") }
      told = failure
    case .saved:
      if told != nil {
        console.warn("the swarms are kept again in \(SafeText.visible(swarms.path))")
      }
      told = nil
    }
  }
}

/// Tells when the swarms that several trackers share are out of reach, and when they are there again.
private func storeReporter(
  _ options: TrackerOptions, _ console: Console
) -> (String?) -> Void {
  let place = options.store?.description ?? ""
  return { reason in
    if let reason {
      console.warn(
        "the swarms at \(place) are out of reach, and peers learn of those that announce here alone: "
          + SafeText.visible(reason))
    } else {
      console.warn("the swarms at \(place) are there again")
    }
  }
}

/// Opens the accounts, and tells when they cannot be written, and when they can be again.
private func keepAccounts(
  _ options: TrackerOptions, _ reactor: Reactor, _ console: Console
) throws(AccountsError) -> AccountsKeeper {
  try AccountsKeeper(
    at: options.accounts, in: options.data, lifetime: options.policy.lifetime, on: reactor
  ) { failure in
    if let failure {
      console.warn("nothing is credited until this is mended: \(failure)")
    } else {
      console.warn("announces are credited again, and none was lost")
    }
  }
}

/// Starts the pages of a private tracker, where they are wanted.
private func servePages(
  _ options: TrackerOptions, _ server: TrackerServer, _ keeper: AccountsKeeper?
) throws(CommandError) -> TrackerPages? {
  guard let keeper, !options.pages.isNone else { return nil }
  let configuration = try options.pages.configuration(
    data: options.data, accounts: options.accounts)
  do {
    return try TrackerPages(
      configuration, monitor: server.monitor, followed: keeper.followed)
  } catch {
    throw CommandError(
      .failure, "the pages could not be served: \(error)",
      remedy: "choose another address or port with --admin and --pages")
  }
}

private func tellPages(_ pages: TrackerPages?, _ options: TrackerOptions, _ console: Console) {
  if let admin = pages?.places.admin {
    let file = options.pages.tokenFile ?? options.data + "/admin.token"
    console.note("admin page at http://\(admin)/, with the token in \(SafeText.visible(file))")
  }
  if let members = pages?.places.members {
    console.note("members' pages at http://\(members)/KEY/")
  }
}

/// Reads the configuration again, and puts in force what can be.
private func reloadConfiguration(
  _ arguments: ParsedArguments, _ before: TrackerOptions, _ server: TrackerServer,
  _ console: Console
) {
  ServiceManager.tell(.reloading)
  defer { ServiceManager.tell(.ready) }
  do throws(CommandError) {
    let options = try TrackerOptions(TrackerOptions.configured(arguments))
    server.setPolicy(options.policy)
    console.note("configuration read again")
    var same = options
    same.interval = before.interval
    same.youngInterval = before.youngInterval
    same.leastInterval = before.leastInterval
    same.mostPeers = before.mostPeers
    same.sites = before.sites
    if same != before {
      console.warn("some of what changed in the configuration takes a new start of the tracker")
    }
  } catch {
    console.warn("the configuration stays as it was: \(error.reason)")
  }
}

private func announceStart(
  of server: TrackerServer, _ bases: [String], _ options: TrackerOptions, _ console: Console
) {
  console.event(
    .event(
      .serviceStarted, [("listen", .array(server.listeningOn.map { .string($0.description) }))]))
  let path = options.isPrivate ? "/KEY/announce" : "/announce"
  console.note("announce to \(bases.map { $0 + path }.joined(separator: " or "))")
}

private func tellTorrents(
  _ watcher: FolderWatcher?, _ keeper: AccountsKeeper?, _ options: TrackerOptions,
  _ console: Console
) {
  if let keeper {
    console.note(
      "private: tracking \(Format.count(keeper.membership.torrentCount, "torrent")); "
        + "'shoal tracker user add' and 'shoal tracker torrent add' add members and torrents")
  } else if let watcher {
    console.note(
      "tracking \(Format.count(watcher.count, "torrent")) of "
        + "\(SafeText.visible(options.torrents)); put .torrent files there to add more")
  } else {
    console.note("tracking every torrent that is announced")
  }
}

/// Holds a passed socket until the tracker is there to serve at it.
private final class PassedSocketBox {
  private var socket: PassedSocket?

  init(_ socket: consuming PassedSocket) { self.socket = consume socket }

  func take() -> PassedSocket? { socket.take() }
}

extension TrackerOptions {
  /// Gives root's rights up, where that was asked for.
  fileprivate func becomeUser() throws(CommandError) {
    guard let user else { return }
    guard shoal_make_folder_for(data, user) == 0, shoal_become_user(user) == 0 else {
      let code = errno
      throw CommandError(
        code == ENOENT ? .usage : .failure,
        "cannot become the user '\(SafeText.visible(user))': "
          + (code == ENOENT ? "there is none" : String(cString: strerror(code))),
        remedy: "start as root with --user, or as that user without it")
    }
  }

  var policy: AnnouncePolicy {
    var policy = AnnouncePolicy()
    policy.interval = interval
    policy.youngInterval = youngInterval
    policy.minInterval = leastInterval
    policy.jitter = min(policy.jitter, TimeSpan.seconds(interval.seconds / 10))
    policy.lifetime = interval * 2 + .minutes(5)
    policy.sites = sites
    policy.mostPeersPerReply = mostPeers
    policy.standardPeers = min(policy.standardPeers, mostPeers)
    return policy
  }

  /// Where members reach the tracker: as they were told, or else at this machine.
  func announceBases(at endpoint: Endpoint?) -> [String] {
    guard publicURLs.isEmpty else { return publicURLs }
    let address = LocalAddresses.reachable(from: listen.address).first
    let port = endpoint?.port ?? listen.port
    let host = address.map { Endpoint($0, port: port).description } ?? "HOST:\(port)"
    return ["http://\(host)", "udp://\(host)"]
  }

  /// Both internets where no address was chosen, the older first.
  var endpoints: [Endpoint] {
    guard listen.address.isUnspecified else { return [listen] }
    return [
      Endpoint(.v4(0), port: listen.port), Endpoint(.v6(high: 0, low: 0), port: listen.port),
    ]
  }
}

/// Registers the torrents of a folder with a tracker, and looks again every few seconds.
private final class FolderWatcher {
  private var folder: TorrentFolder
  private let server: TrackerServer
  private let reactor: Reactor
  private let console: Console

  private static let interval = TimeSpan.seconds(5)

  init(_ path: String, server: TrackerServer, reactor: Reactor, console: Console) {
    folder = TorrentFolder(path: path)
    self.server = server
    self.reactor = reactor
    self.console = console
  }

  var count: Int { folder.count }

  func look() {
    let changes = folder.update()
    for infoHash in changes.added { server.register(infoHash) }
    for infoHash in changes.removed { server.unregister(infoHash) }
    for (name, reason) in changes.refused {
      console.note("passed over \(SafeText.visible(name)): \(SafeText.visible(reason))")
    }
    reactor.schedule(after: Self.interval) { [weak self] in self?.look() }
  }
}
