import ChordLogic
import DeterministicCore
import Glibc
import Networking
import Session
import TorrentModel

/// Something asked of a ring from outside: enters it as a leaf, asks, and ends.
final class RingErrand {
  let reactor: Reactor
  let service: ChordService
  private let session: TorrentSession
  private let ring: RingReference
  private var outcome: Result<Void, CommandError>?
  private var hasBegun = false

  /// How long nobody may answer.
  private static let patience = TimeSpan.seconds(15)

  init(
    _ ring: RingReference, showing wallet: RingWallet, listen: Endpoint? = nil
  ) throws(CommandError) {
    self.ring = ring
    let credentials = try wallet.credentials(for: ring.name)
    do {
      Reactor.ignoreBrokenPipes()
      reactor = try Reactor()
      let boxed = Box()
      try reactor.onSignals([SIGINT, SIGTERM]) { _ in
        boxed.errand?.end(
          .failure(CommandError(.incomplete, "interrupted", remedy: "run the same command again")))
      }
      // Nodes at loopback addresses are asked from one.
      var configuration = SessionConfiguration(port: 0)
      if let listen { configuration = SessionConfiguration(listen: listen) }
      configuration.takesDatagrams = true
      configuration.ringMemory = StateFolder.rings
      session = try TorrentSession(configuration, on: reactor)
      session.ringCredentials[ring.name] = credentials
      try session.listen()
      guard let service = session.join(RingConfiguration(ring), namedBy: .user) else {
        preconditionFailure("a session that takes datagrams enters rings")
      }
      self.service = service
      boxed.errand = self
    } catch {
      throw CommandError(.failure, "\(error)")
    }
  }

  /// Signals arrive through a closure that is made before the errand is whole.
  private final class Box {
    weak var errand: RingErrand?
  }

  /// Runs `body` once the ring has answered, until it calls `end`.
  func run(_ body: @escaping () -> Void) throws(CommandError) {
    guard !service.entrances.isEmpty || ring.nodes.contains(where: { $0.endpoint == nil }) else {
      session.shutDown()
      throw CommandError(
        .noPeers, "no node of the ring is known", on: ring.name.description,
        remedy: "name one with --bootstrap HOST:PORT")
    }
    session.ringObserver = { [unowned self] _, event in
      guard case .connected = event, !hasBegun else { return }
      hasBegun = true
      body()
    }
    reactor.schedule(after: Self.patience) { [unowned self] in
      guard !hasBegun else { return }
      end(
        .failure(
          CommandError(
            .noPeers, "no node of the ring answers", on: ring.name.description,
            remedy: "name one that runs with --bootstrap HOST:PORT")))
    }
    do {
      try reactor.run()
    } catch {
      throw CommandError(.failure, "\(error)")
    }
    session.shutDown()
    try outcome?.get()
  }

  func end(_ result: Result<Void, CommandError>) {
    if outcome == nil { outcome = result }
    reactor.stop()
  }
}
