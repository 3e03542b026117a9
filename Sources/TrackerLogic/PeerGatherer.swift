import DeterministicCore
import TorrentModel
public import TrackerWire

/// Collects the peers of one reply over HTTP in the form the asker wants them.
struct PeerGatherer {
  private var v4 = CompactPeers(.v4)
  private var v6 = CompactPeers(.v6)
  private var described: [DescribedPeer] = []
  private let request: AnnounceRequest
  private(set) var count = 0
  /// The sites, and that of the asker, whose peers come first.
  private let preference: (sites: SiteMap, own: Int)?

  /// More peers than wanted are looked at where some are preferred.
  private static let foresight = 8

  /// - Parameter source: where the asker is.
  init(_ request: AnnounceRequest, from source: Address, sites: SiteMap) {
    self.request = request
    preference = sites.isEmpty ? nil : sites.site(of: source).map { (sites, $0) }
  }

  /// - Parameter asker: the asker's own place among the peers of that family.
  mutating func gather(
    _ wanted: Int, from swarm: SwarmEntry, _ family: AddressFamily, excluding asker: Int?,
    _ generator: inout SeededGenerator
  ) {
    switch family {
    case .v4: gather(wanted, from: swarm.v4, excluding: asker, &generator)
    case .v6: gather(wanted, from: swarm.v6, excluding: asker, &generator)
    }
  }

  private mutating func gather<Host>(
    _ wanted: Int, from peers: PeerVector<Host>, excluding asker: Int?,
    _ generator: inout SeededGenerator
  ) {
    if let preference, wanted > 0 {
      let sample = peers.sample(
        wanted * Self.foresight, for: request, excluding: asker, using: &generator)
      let positions = peers.preferring(
        preference.own, of: preference.sites, wanted, in: sample)
      for position in positions where !request.isSent(by: peers.records[position]) {
        take(peers.records[position])
      }
      return
    }
    var sample = peers.sample(wanted, for: request, excluding: asker, using: &generator)
    while let position = sample.next() {
      let record = peers.records[position]
      if !request.isSent(by: record) { take(record) }
    }
  }

  private mutating func take<Host>(_ record: PeerRecord<Host>) {
    count += 1
    let endpoint = record.endpoint
    if !request.wantsCompact {
      let id = request.omitsPeerIDs ? nil : PeerID(record.id)
      described.append(DescribedPeer(endpoint, id: id))
    } else if endpoint.address.isV4 {
      v4.append(endpoint)
    } else {
      v6.append(endpoint)
    }
  }

  var peers: PeerList {
    request.wantsCompact ? .compact(v4: v4, v6: v6) : .described(described)
  }
}

extension SwarmEntry {
  /// Writes the peers of one reply by datagram: of the asker's family only, as many as fit (BEP 15).
  ///
  /// - Parameter asker: the asker's own place among the peers of that family.
  func write(
    _ wanted: Int, for request: AnnounceRequest, _ family: AddressFamily, excluding asker: Int?,
    _ generator: inout SeededGenerator, into datagram: inout OutputRawSpan
  ) {
    let most = min(wanted, UDPTrackerResponse.mostPeers(family))
    switch family {
    case .v4: v4.write(most, for: request, excluding: asker, &generator, into: &datagram)
    case .v6: v6.write(most, for: request, excluding: asker, &generator, into: &datagram)
    }
  }
}

extension SwarmEntry {
  /// Writes the peers of one reply over HTTP: those of the asker's family first, and where they are
  /// too few such of the other, since a client on HTTP may reach both internets (BEP 7).
  ///
  /// - Parameter asker: the asker's own place among the peers of its family.
  func write(
    _ wanted: Int, for request: AnnounceRequest, bothFrom family: AddressFamily,
    excluding asker: Int?, _ generator: inout SeededGenerator, into body: inout OutputRawSpan
  ) {
    // A sample is chosen anew by its copy: once counted, once written.
    let (sample4, sample6): (PeerSample, PeerSample)
    let (count4, count6): (Int, Int)
    switch family {
    case .v4:
      sample4 = v4.sample(wanted, for: request, excluding: asker, using: &generator)
      count4 = v4.count(sample4, for: request)
      sample6 = v6.sample(wanted - count4, for: request, excluding: nil, using: &generator)
      count6 = v6.count(sample6, for: request)
    case .v6:
      sample6 = v6.sample(wanted, for: request, excluding: asker, using: &generator)
      count6 = v6.count(sample6, for: request)
      sample4 = v4.sample(wanted - count6, for: request, excluding: nil, using: &generator)
      count4 = v4.count(sample4, for: request)
    }
    AnnounceResponse.writeKey(of: .v4, count: count4, into: &body)
    v4.write(sample4, for: request, into: &body)
    guard count6 > 0 else { return }
    AnnounceResponse.writeKey(of: .v6, count: count6, into: &body)
    v6.write(sample6, for: request, into: &body)
  }
}

extension PeerVector {
  fileprivate func sample(
    _ most: Int, for request: AnnounceRequest, excluding asker: Int?,
    using generator: inout SeededGenerator
  ) -> PeerSample {
    sample(most, onlyDownloaders: request.wantsNothing, excluding: asker, using: &generator)
  }

  /// How many of the sample are named.
  fileprivate func count(_ sample: PeerSample, for request: AnnounceRequest) -> Int {
    var sample = sample
    var count = 0
    while let position = sample.next() {
      if !request.isSent(by: records[position]) { count += 1 }
    }
    return count
  }

  fileprivate func write(
    _ sample: PeerSample, for request: AnnounceRequest, into reply: inout OutputRawSpan
  ) {
    var sample = sample
    while let position = sample.next() {
      if !request.isSent(by: records[position]) { reply.append(records[position].endpoint) }
    }
  }

  fileprivate func write(
    _ most: Int, for request: AnnounceRequest, excluding asker: Int?,
    _ generator: inout SeededGenerator, into datagram: inout OutputRawSpan
  ) {
    let sample = sample(most, for: request, excluding: asker, using: &generator)
    write(sample, for: request, into: &datagram)
  }
}

extension AnnounceRequest {
  /// Whether the asker has no use for peers that want nothing.
  public var wantsNothing: Bool { PeerSection(self) != .downloader && !mayLackMetadata }

  /// Whether a `left` of zero may mean that the client does not know yet how much there is: aria2
  /// says so while it fetches the metadata of a magnet link, and without seeds never gets it. A true
  /// seed looks the same until its first upload, and until then is given a few seeds for nothing.
  private var mayLackMetadata: Bool {
    isSeed && uploaded == 0 && downloaded == 0 && (event == nil || event == .started)
  }

  /// Whether the peer is the asker, perhaps at another of its addresses.
  fileprivate func isSent<Host>(by record: PeerRecord<Host>) -> Bool {
    record.id == peerID.digest
  }
}
