import DeterministicCore
import Networking
import PeerWire
import SwarmLogic
import TorrentModel

/// Carries what a `LocalDiscovery` decides to the local networks and back.
final class LocalDiscoverySockets {
  private struct Channel {
    let socket: DatagramSocket
    let interfaces: [UInt32]
  }

  private let reactor: Reactor
  private var discovery: LocalDiscovery
  private var channels: [Channel] = []
  private let port: UInt16
  /// Where the session listens, if not everywhere: a neighbour connects to the address that it hears
  /// from.
  private let source: Address?
  /// The torrents that may be announced.
  private let torrents: () -> [InfoHash]
  private let found: (Endpoint, InfoHash) -> Void

  /// How often it is looked for torrents that have not been announced.
  private static let lookInterval = TimeSpan.seconds(1)

  /// - Parameters:
  ///   - address: where the session listens; of a loopback address there is no network to tell.
  ///   - port: the port that others are told.
  init(
    listeningOn address: Address, port: UInt16, reactor: Reactor,
    generator: inout SeededGenerator, torrents: @escaping () -> [InfoHash],
    found: @escaping (Endpoint, InfoHash) -> Void
  ) {
    self.reactor = reactor
    self.port = port
    source = address.isUnspecified ? nil : address
    self.torrents = torrents
    self.found = found
    discovery = LocalDiscovery(using: &generator)
    let interfaces = LocalAddresses.multicastInterfaces(with: address)
    for group in [LocalAnnouncement.groupV4, LocalAnnouncement.groupV6] {
      open(group, on: interfaces.filter { $0.isV4 == group.address.isV4 }.map(\.index))
    }
    if !channels.isEmpty { look() }
  }

  private func open(_ group: Endpoint, on interfaces: [UInt32]) {
    guard !interfaces.isEmpty,
      let socket = try? DatagramSocket(
        on: group, reactor: reactor,
        received: { [weak self] bytes, sender in self?.receive(bytes, from: sender) })
    else { return }
    let joined = interfaces.filter { socket.joinGroup(on: $0) }
    if joined.isEmpty {
      socket.close()
    } else {
      channels.append(Channel(socket: socket, interfaces: joined))
    }
  }

  func close() {
    for channel in channels { channel.socket.close() }
    channels = []
  }

  private func look() {
    guard !channels.isEmpty else { return }
    var due = discovery.due(among: torrents(), at: reactor.now)[...]
    while !due.isEmpty {
      let announcement = LocalAnnouncement(
        infoHashes: Array(due.prefix(LocalAnnouncement.mostInfoHashes)), port: port,
        cookie: discovery.cookie)
      due = due.dropFirst(LocalAnnouncement.mostInfoHashes)
      for channel in channels {
        let bytes = announcement.bytes(to: channel.socket.endpoint)
        for interface in channel.interfaces {
          channel.socket.sendToGroup(bytes, on: interface, from: source)
        }
      }
    }
    reactor.schedule(after: Self.lookInterval) { [weak self] in self?.look() }
  }

  private func receive(_ bytes: [UInt8], from sender: Endpoint) {
    guard let heard = discovery.hear(bytes, from: sender, at: reactor.now) else { return }
    for infoHash in heard.infoHashes { found(heard.peer, infoHash) }
  }
}
