public import DeterministicCore
import PeerWire
public import TorrentModel

/// When which torrents are announced to the local network, and what is believed of what is heard
/// there (BEP 14).
///
/// The invariant: a torrent is announced at once when it is there, once more a minute later, as nobody
/// knows of a datagram that was lost, and then every five minutes, however it comes and goes.
public struct LocalDiscovery: Sendable {
  /// Time between two announcements of one torrent (BEP 14).
  public static let interval = TimeSpan.minutes(5)
  /// Time between the first two, the least that BEP 14 allows.
  static let firstInterval = TimeSpan.minutes(1)
  /// Announcements believed in a second; a flood of them costs no more.
  static let mostHeardPerSecond = 20
  /// Torrents whose last announcement is remembered.
  static let mostRemembered = 10_000

  /// By which we know our own words.
  public let cookie: String
  private var nextDue: [InfoHash: Moment] = [:]
  private var heardSince = Moment.zero
  private var heard = 0

  public init(using generator: inout SeededGenerator) {
    cookie = Hexadecimal.encode((0..<4).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
  }

  /// The torrents to announce.
  ///
  /// - Parameter torrents: those that may be, in an order of their own: private ones are not among
  ///   them (BEP 27).
  public mutating func due(
    among torrents: [InfoHash], at now: Moment
  ) -> [InfoHash] {
    if nextDue.count > Self.mostRemembered { nextDue = nextDue.filter { now < $0.value } }
    let due = torrents.filter { infoHash in nextDue[infoHash].map { now >= $0 } ?? true }
    for infoHash in due {
      nextDue[infoHash] = now + (nextDue[infoHash] == nil ? Self.firstInterval : Self.interval)
    }
    return due
  }

  /// What a datagram says that is worth hearing: our own words are not, nor a flood's.
  ///
  /// - Returns: where the sender listens, and its torrents.
  public mutating func hear(
    _ bytes: [UInt8], from sender: Endpoint, at now: Moment
  ) -> (peer: Endpoint, infoHashes: [InfoHash])? {
    if now - heardSince >= .seconds(1) {
      heardSince = now
      heard = 0
    }
    guard heard < Self.mostHeardPerSecond else { return nil }
    heard += 1
    guard let announcement = LocalAnnouncement(bytes), announcement.cookie != cookie else {
      return nil
    }
    let peer = Endpoint(sender.address, port: announcement.port)
    // A neighbour may name itself only, whatever it is near to.
    guard RequestOrigin.host(sender).mayName(peer: peer) else { return nil }
    return (peer, announcement.infoHashes)
  }
}
