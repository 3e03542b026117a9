import DeterministicCore
import Networking
import Storage
import SwarmLogic
import TorrentModel

/// What has come of asking the router to let peers in.
public enum PortMappingReport: Hashable, Sendable {
  /// By PCP, NAT-PMP or UPnP.
  case mapped(port: UInt16, outside: UInt16, by: String)
  case failed(String)
}

/// Has the router let peers in: by PCP, by NAT-PMP where that is all it knows, and by UPnP where it
/// answers neither. A mapping is asked for again when half its time is over, so that one which the
/// router forgets is back within the half-hour, and given up at the end.
final class PortMapper {
  private enum Manner {
    case pcp, natPMP, upnp

    var name: String {
      switch self {
      case .pcp: "PCP"
      case .natPMP: "NAT-PMP"
      case .upnp: "UPnP"
      }
    }
  }

  private unowned let session: TorrentSession
  private let port: UInt16
  private let transports: [GatewayMessage.Transport]
  private let gateway: Endpoint?
  private let ownAddress: Address?
  private let nonce: [UInt8]
  private var socket: DatagramSocket?
  private var timer: SlabID?
  private var manner = Manner.pcp
  private var attempt = 0
  /// What has not been answered in this round.
  private var pending: [GatewayMessage.Transport] = []
  private var lifetime = PortMapper.lifetime
  private var isMapped = false
  private var isOver = false
  /// The port outside, where there is a mapping.
  private(set) var outside: UInt16?

  /// Seconds that a mapping is wanted for.
  private static let lifetime: UInt32 = 3600
  private static let shortestLifetime: UInt32 = 120
  /// The first wait for an answer; doubled by each further one (RFC 6886, section 3.1).
  private static let firstWait = TimeSpan.milliseconds(250)
  private static let attempts = 4
  /// After a round that led to nothing.
  private static let pause = TimeSpan.minutes(10)

  init(
    _ port: UInt16, _ transports: [GatewayMessage.Transport], of session: TorrentSession,
    nonce: [UInt8]
  ) {
    self.port = port
    self.transports = transports
    self.session = session
    self.nonce = nonce
    let router = DefaultGateway.address.map { Endpoint($0, port: GatewayMessage.port) }
    gateway = router
    ownAddress = session.sourceAddress ?? router.flatMap { LocalAddresses.source(towards: $0) }
    if let ownAddress, ownAddress.isV4 {
      socket = try? DatagramSocket(
        on: Endpoint(ownAddress, port: 0), reactor: session.reactor
      ) { [weak self] bytes, sender in self?.receive(bytes, from: sender) }
    }
  }

  /// Asks for the mappings, or for more time for them.
  func begin() {
    guard !isOver else { return }
    pending = transports
    attempt = 0
    if manner == .upnp || socket == nil || gateway == nil { askByUPnP() } else { ask() }
  }

  private func ask() {
    guard attempt < Self.attempts else { return askByUPnP() }
    for transport in pending { tell(transport, lifetime: Self.lifetime) }
    schedule(after: Self.firstWait * (1 << attempt)) { [weak self] in self?.ask() }
    attempt += 1
  }

  private func tell(_ transport: GatewayMessage.Transport, lifetime: UInt32) {
    guard let gateway, let ownAddress else { return }
    let wish = GatewayMessage.Wish(
      transport, port: port, outside: lifetime == 0 ? 0 : outside ?? port, lifetime: lifetime)
    socket?.send(
      manner == .natPMP
        ? GatewayMessage.natPMP(wish)
        : GatewayMessage.pcp(wish, from: ownAddress, nonce: nonce),
      to: gateway)
  }

  private func schedule(after span: TimeSpan, _ action: @escaping () -> Void) {
    if let timer { session.reactor.cancelTimer(timer) }
    timer = session.reactor.schedule(after: span, action)
  }

  private func receive(_ bytes: [UInt8], from sender: Endpoint) {
    guard !isOver, sender == gateway, let answer = GatewayMessage.read(bytes, nonce: nonce) else {
      return
    }
    switch answer {
    case .wantsOlderVersion:
      guard manner == .pcp, !pending.isEmpty else { return }
      manner = .natPMP
      attempt = 0
      ask()
    case .refused(let reason):
      guard !pending.isEmpty else { return }
      pending = []
      fail(reason)
    case .mapped(let transport, let port, let outside, let lifetime):
      guard port == self.port, let place = pending.firstIndex(of: transport) else { return }
      pending.remove(at: place)
      if transport == .tcp { self.outside = outside }
      self.lifetime = max(lifetime, Self.shortestLifetime)
      if pending.isEmpty { succeed() }
    }
  }

  private func askByUPnP() {
    let (port, transports, address) = (port, transports, ownAddress)
    let mailbox = session.mailbox!
    session.workers.run {
      mailbox.send(
        .portMapped(
          UPnPGateway.map(port, transports, from: address, lifetime: Self.lifetime)))
    }
  }

  /// What came of asking by UPnP.
  func take(_ outcome: UPnPGateway.Outcome) {
    guard !isOver else { return }
    switch outcome {
    case .failed(let reason): fail(reason)
    case .done:
      manner = .upnp
      outside = port
      lifetime = Self.lifetime
      succeed()
    }
  }

  private func succeed() {
    let isNews = !isMapped
    isMapped = true
    session.portChanged()
    schedule(after: .seconds(Int(lifetime / 2))) { [weak self] in self?.begin() }
    guard isNews, let outside else { return }
    session.portObserver?(.mapped(port: port, outside: outside, by: manner.name))
  }

  private func fail(_ reason: String) {
    isMapped = false
    outside = nil
    manner = .pcp
    session.portChanged()
    schedule(after: Self.pause) { [weak self] in self?.begin() }
    session.portObserver?(.failed(reason))
  }

  /// Gives the mappings up. To be called while the workers still take errands.
  func close() {
    guard !isOver else { return }
    isOver = true
    if let timer { session.reactor.cancelTimer(timer) }
    if isMapped, manner == .upnp {
      let (port, transports, address) = (port, transports, ownAddress)
      session.workers.run { UPnPGateway.unmap(port, transports, from: address) }
    } else if isMapped {
      for transport in transports { tell(transport, lifetime: 0) }
    }
    socket?.close()
  }
}

extension TorrentSession {
  /// What trackers are told. Behind a proxy nobody can connect to us; port 1 says so to those that take
  /// no 0.
  var announcedPort: UInt16 { reachablePort ?? (configuration.proxy == nil ? 0 : 1) }

  /// Where those outside reach us: the router's port, where it has mapped ours.
  var reachablePort: UInt16? { outsidePort ?? listenPort }

  /// The port that a router has opened for ours.
  var outsidePort: UInt16? { portMapper?.outside }

  /// The router has opened a port, or has closed it.
  func portChanged() {
    for runner in torrents { runner.tell(.reachable(at: outsidePort)) }
  }
}
