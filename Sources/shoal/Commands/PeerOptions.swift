import DeterministicCore
import Session
import SwarmLogic
import TorrentModel

/// Flags about where torrents come from.
enum SourceFlags {
  static let tracker = Flag(
    "tracker", .trackerURL, "a tracker besides those in the source", isRepeatable: true)
  static let webSeed = Flag(
    "web-seed", .webSeedURL, "a web server that has the same data, besides those in the source",
    isRepeatable: true)
}

/// How a command that talks to peers does so.
struct PeerOptions: Hashable, Sendable {
  /// Where to listen, and the source address of outgoing connections; port 0 is any.
  var listen: Endpoint
  /// Peers to try at once.
  var peers: [MagnetLink.PeerHint]
  /// Connections per torrent.
  var mostPeers: Int
  /// Regular unchoke slots; 0 is automatic.
  var uploadSlots: Int
  /// Of all torrents together, hour by hour.
  var limits: LimitSchedule
  /// Bytes a second of each torrent; `nil` for no limit.
  var uploadLimitEach: UInt64?
  var downloadLimitEach: UInt64?
  /// Of all torrents of a label together.
  var labelLimits: [LabelLimit]
  /// What the torrents are put under that are given no other label.
  var label: String?
  /// Peers of private networks are exempt from the limits.
  var exemptsLocalNetworks: Bool
  var encryption: EncryptionPolicy
  /// A file of addresses that are not spoken to.
  var filter: String?
  /// What everything goes through, if anything; then nobody is let in and no neighbour looked for.
  var proxy: Proxy?
  /// Neighbours on the local network are looked for.
  var discoversLocally: Bool
  /// The router is asked to let peers in.
  var mapsPorts: Bool
  /// A client of a ring becomes one of its nodes once others could reach it for so long; nil for never.
  var ringPromotion: TimeSpan?

  private static let noLocalDiscoveryFlag = Switch(
    "no-local-discovery", "look for no peers on the local network (BEP 14)")
  private static let listenFlag = Flag(
    "listen", short: "l", .listen,
    "where to listen, and the source address of outgoing connections; port 0 is any",
    fallback: "[::]:0, every address and any port")
  private static let peerFlag = Flag("peer", .peer, "a peer to try at once", isRepeatable: true)
  private static let mostPeersFlag = Flag(
    "max-peers", .number(1...10_000), "connections per torrent", fallback: "\(defaultMostPeers)")
  private static let uploadSlotsFlag = Flag(
    "upload-slots", .number(0...1_000), "peers served at a time; 0 is automatic", fallback: "0")
  private static let uploadLimitFlag = Flag(
    "up", .rate, "upload at most this fast; 0 is no limit", fallback: "0")
  private static let downloadLimitFlag = Flag(
    "down", .rate, "download at most this fast; 0 is no limit", fallback: "0")

  private static let hoursFlag = Flag(
    "limit-at", .hours,
    "other limits within these hours of the local day, or of some days as in 'mon-fri "
      + "08:00-18:00=200K/s,2M/s'; the first that fits counts", isRepeatable: true)
  private static let uploadLimitEachFlag = Flag(
    "up-each", .rate, "the same for each torrent", fallback: "0")
  private static let downloadLimitEachFlag = Flag(
    "down-each", .rate, "the same for each torrent", fallback: "0")
  private static let labelFlag = Flag(
    "label", .label, "put the torrents under this label, which is shown and can be limited")
  private static let labelLimitFlag = Flag(
    "limit-label", .labelLimit,
    "limits on all torrents of a label together, as in 'films=200K/s,2M/s'", isRepeatable: true)
  private static let unlimitedLocalFlag = Switch(
    "unlimited-local", "the limits are not for peers of private networks")

  private static let encryptionFlag = Flag(
    "encryption", .choice(of: EncryptionPolicy.self),
    "plain: in the open where the peer allows it; preferred: encrypted where it can; required: "
      + "nothing in the open",
    fallback: EncryptionPolicy.plain.rawValue)
  private static let filterFlag = Flag(
    "ip-filter", .text("FILE", expected: "a file", completion: .files),
    "speak to no peer at an address in this file (p2p, dat or CIDR); read again at SIGHUP")
  private static let proxyFlag = Flag(
    "proxy", .proxy, "connect with peers, trackers and web servers through this only")

  private static let portMappingFlag = Switch(
    "port-mapping", "ask the router to let peers in (PCP, NAT-PMP or UPnP)")

  private static let ringPromotionFlag = Flag(
    "ring-promotion", .time,
    "become a node of the ring once others could reach this host for so long; 0s is never",
    fallback: "15m")
  private static let usualRingPromotion = TimeSpan.minutes(15)

  static let defaultMostPeers = 200

  static let flags = FlagGroup(
    title: "Peers",
    [
      listenFlag.outline, peerFlag.outline, mostPeersFlag.outline, uploadSlotsFlag.outline,
      uploadLimitFlag.outline, downloadLimitFlag.outline, hoursFlag.outline,
      uploadLimitEachFlag.outline, downloadLimitEachFlag.outline, labelFlag.outline,
      labelLimitFlag.outline, unlimitedLocalFlag.outline,
      encryptionFlag.outline, filterFlag.outline, proxyFlag.outline, portMappingFlag.outline,
      noLocalDiscoveryFlag.outline, ringPromotionFlag.outline,
    ])

  init(_ arguments: ParsedArguments) throws(CommandError) {
    listen =
      try arguments.value(of: Self.listenFlag) ?? Endpoint(.v6(high: 0, low: 0), port: 0)
    peers = try arguments.values(of: Self.peerFlag)
    encryption = try arguments.value(of: Self.encryptionFlag) ?? .plain
    filter = try arguments.value(of: Self.filterFlag)
    proxy = try arguments.value(of: Self.proxyFlag)
    discoversLocally = proxy == nil && !arguments.has(Self.noLocalDiscoveryFlag)
    mapsPorts = arguments.has(Self.portMappingFlag)
    let promotion = try arguments.value(of: Self.ringPromotionFlag) ?? Self.usualRingPromotion
    ringPromotion = promotion == .zero ? nil : promotion
    if proxy != nil, mapsPorts {
      throw .usage("--proxy and --port-mapping exclude each other: a proxy lets nobody in")
    }
    mostPeers = try arguments.value(of: Self.mostPeersFlag) ?? Self.defaultMostPeers
    uploadSlots = try arguments.value(of: Self.uploadSlotsFlag) ?? 0
    limits = LimitSchedule(
      try arguments.values(of: Self.hoursFlag),
      otherwise: .init(
        up: try Self.limit(arguments.value(of: Self.uploadLimitFlag)),
        down: try Self.limit(arguments.value(of: Self.downloadLimitFlag))))
    uploadLimitEach = try Self.limit(arguments.value(of: Self.uploadLimitEachFlag))
    downloadLimitEach = try Self.limit(arguments.value(of: Self.downloadLimitEachFlag))
    label = try arguments.value(of: Self.labelFlag)
    labelLimits = try arguments.values(of: Self.labelLimitFlag)
    if let again = labelLimits.map(\.label).firstRepeated {
      throw .usage("--limit-label limits '\(again)' twice", remedy: "give one of the two")
    }
    exemptsLocalNetworks = arguments.has(Self.unlimitedLocalFlag)
  }

  /// A ring is spoken in datagrams, which would go past a proxy.
  func expectNoProxy(besides ring: RingReference?) throws(CommandError) {
    guard proxy != nil, ring != nil else { return }
    throw .usage(
      "--proxy and --ring exclude each other: rings are spoken over UDP",
      remedy: "leave one of them out")
  }

  /// What a torrent of these options is told, in a folder.
  func torrent(in folder: String) -> TorrentOptions {
    var torrent = TorrentOptions(folder: folder)
    torrent.peers = peers
    torrent.label = label
    torrent.uploadLimit = uploadLimitEach
    torrent.downloadLimit = downloadLimitEach
    return torrent
  }

  private static func limit(_ rate: UInt64?) -> UInt64? { rate == 0 ? nil : rate }
}

extension [String] {
  /// The first element that stands before it, too.
  fileprivate var firstRepeated: String? {
    indices.first { self[..<$0].contains(self[$0]) }.map { self[$0] }
  }
}
