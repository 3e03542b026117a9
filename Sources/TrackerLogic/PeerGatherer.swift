import DeterministicCore
import TorrentModel
import TrackerWire

/// Collects the peers of one reply in the form the asker wants them.
struct PeerGatherer {
  private var v4 = CompactPeers(.v4)
  private var v6 = CompactPeers(.v6)
  private var described: [DescribedPeer] = []
  private let isCompact: Bool
  private let omitsIDs: Bool
  private let askerID: PeerID
  private let wantsNothing: Bool
  private(set) var count = 0

  init(_ request: AnnounceRequest, family: AddressFamily) {
    isCompact = request.wantsCompact
    omitsIDs = request.omitsPeerIDs
    askerID = request.peerID
    wantsNothing = PeerSection(request) != .downloader && !request.mayLackMetadata
  }

  /// - Parameter asker: the asker's own place among the peers of that family.
  mutating func gather(
    _ wanted: Int, from swarm: SwarmEntry, _ family: AddressFamily, excluding asker: Int?,
    _ generator: inout SeededGenerator
  ) {
    guard wanted > 0 else { return }
    switch family {
    case .v4: gather(wanted, from: swarm.v4, excluding: asker, &generator)
    case .v6: gather(wanted, from: swarm.v6, excluding: asker, &generator)
    }
  }

  private mutating func gather<Host>(
    _ wanted: Int, from peers: PeerVector<Host>, excluding asker: Int?,
    _ generator: inout SeededGenerator
  ) {
    peers.sample(wanted, onlyDownloaders: wantsNothing, excluding: asker, using: &generator) {
      take($0)
    }
  }

  private mutating func take<Host>(_ record: PeerRecord<Host>) {
    // The asker's other address is the asker too.
    guard record.id != askerID.digest else { return }
    count += 1
    let endpoint = record.endpoint
    if !isCompact {
      described.append(DescribedPeer(endpoint, id: omitsIDs ? nil : PeerID(record.id)))
    } else if endpoint.address.isV4 {
      v4.append(endpoint)
    } else {
      v6.append(endpoint)
    }
  }

  var peers: PeerList { isCompact ? .compact(v4: v4, v6: v6) : .described(described) }
}

extension AnnounceRequest {
  /// Whether a `left` of zero may mean that the client does not know yet how much there is: aria2
  /// says so while it fetches the metadata of a magnet link, and without seeds never gets it. A true
  /// seed looks the same until its first upload, and until then is given a few seeds for nothing.
  fileprivate var mayLackMetadata: Bool {
    isSeed && uploaded == 0 && downloaded == 0 && (event == nil || event == .started)
  }
}
