import DeterministicCore
import TorrentModel
import TrackerWire

/// Collects the peers of one reply over HTTP in the form the asker wants them.
struct PeerGatherer {
  private var v4 = CompactPeers(.v4)
  private var v6 = CompactPeers(.v6)
  private var described: [DescribedPeer] = []
  private let request: AnnounceRequest
  private(set) var count = 0

  init(_ request: AnnounceRequest) { self.request = request }

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
    var sample = peers.sample(
      wanted, onlyDownloaders: request.wantsNothing, excluding: asker, using: &generator)
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

extension PeerVector {
  fileprivate func write(
    _ most: Int, for request: AnnounceRequest, excluding asker: Int?,
    _ generator: inout SeededGenerator, into datagram: inout OutputRawSpan
  ) {
    var sample = sample(
      most, onlyDownloaders: request.wantsNothing, excluding: asker, using: &generator)
    while let position = sample.next() {
      if !request.isSent(by: records[position]) { datagram.append(records[position].endpoint) }
    }
  }
}

extension AnnounceRequest {
  /// Whether the asker has no use for peers that want nothing.
  fileprivate var wantsNothing: Bool { PeerSection(self) != .downloader && !mayLackMetadata }

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
