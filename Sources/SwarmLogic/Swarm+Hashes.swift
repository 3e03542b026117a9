import DeterministicCore
import Hashing
import PeerWire
import TorrentModel

/// What a swarm of version 2 knows and asks of hash trees (BEP 52).
struct HashExchange: Sendable {
  /// The trees with the nodes of all pieces, once they are known.
  var trees: FileTrees?
  var server: NodeServer?
  /// Asks for the nodes of the pieces, while those are all that is missing to begin.
  var layers: LayerExchange?
  var inquiry = LeafInquiry()
}

// Nodes of hash trees: asked for where they are missing, given to whoever asks.
extension Swarm {
  /// How long a peer that refused nodes is left alone.
  private static let layerPause = TimeSpan.seconds(10)

  mutating func know(_ trees: FileTrees) {
    guard trees.isComplete else { return }
    hashExchange.trees = trees
    hashExchange.server = NodeServer(trees)
    hashExchange.layers = nil
  }

  /// The metadata is here, and the nodes of its pieces are not: peers have them.
  mutating func wantLayers(
    of trees: FileTrees, metadata: [UInt8], at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard picker == nil, hashExchange.layers == nil else { return }
    self.metadata = metadata
    hashExchange.layers = LayerExchange(trees)
    for key in peers.ids where peers[key].isConnected {
      // Said before without the metadata's size: the peer may want it as we did.
      sendExtensionHandshake(to: key, isRepeated: true, at: now, into: &effects)
    }
    requestLayers(at: now, into: &effects)
  }

  /// Asks every peer of version 2 for ranges that nobody is asked for.
  mutating func requestLayers(at now: Moment, into effects: inout [SwarmEffect]) {
    guard hashExchange.layers != nil else { return }
    for key in hashExchange.layers!.expire(at: now, patience: configuration.metadataDeadline)
    where peers.contains(key) {
      peers[key].layersNotBefore = now + Self.layerPause
    }
    for key in peers.ids where peers[key].isConnected && peers[key].isVersion2 {
      requestLayers(of: key, at: now, into: &effects)
    }
  }

  private mutating func requestLayers(
    of key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard now >= peers[key].layersNotBefore, hashExchange.layers != nil else { return }
    for range in hashExchange.layers!.request(of: key, at: now) {
      send(.hashRequest(range), to: key, at: now, into: &effects)
    }
  }

  // MARK: What peers say

  mutating func receive(
    _ range: HashRange, _ nodes: [Bytes32], from key: PeerKey, at now: Moment,
    into effects: inout [SwarmEffect]
  ) {
    if hashExchange.layers != nil {
      switch hashExchange.layers!.take(range, nodes, from: key) {
      case .unwanted: break
      case .wrong: return fault(key, "nodes of no hash tree", at: now, into: &effects)
      case .taken: return requestLayers(of: key, at: now, into: &effects)
      case .complete(let nodes):
        hashExchange.layers = nil
        return effects.append(.layersComplete(nodes))
      }
    }
    switch hashExchange.inquiry.take(range, nodes, from: key) {
    case .unwanted, .taken: break
    case .wrong: fault(key, "nodes of no hash tree", at: now, into: &effects)
    case .complete(let piece, let leaves):
      let digests = leaves.map(\.truncated)
      for endpoint in smartBan.noteSuccess(of: piece, digests: digests) {
        ban(endpoint, .corruptPiece, at: now, into: &effects)
      }
    }
  }

  mutating func noteRefused(
    _ range: HashRange, by key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    if hashExchange.layers?.release(range, of: key) == true {
      peers[key].layersNotBefore = now + Self.layerPause
      return requestLayers(at: now, into: &effects)
    }
    for piece in hashExchange.inquiry.pieces(askedWith: range, of: key) {
      inquireElsewhere(about: piece, at: now, into: &effects)
    }
  }

  /// A peer is gone: what was asked of it is asked of others at the next wake.
  mutating func releaseNodes(of key: PeerKey) { hashExchange.layers?.release(of: key) }

  // MARK: Which block was false

  /// Asks for the leaves of a piece that several peers sent.
  mutating func inquire(
    about piece: PieceIndex, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard let trees = hashExchange.trees, let geometry, hashExchange.inquiry.hasRoom(for: piece),
      let key = informant(about: piece, other: nil)
    else { return }
    let ranges = hashExchange.inquiry.begin(
      piece, of: trees, blockCount: geometry.blockCount(in: piece), from: key, at: now)
    for range in ranges { send(.hashRequest(range), to: key, at: now, into: &effects) }
  }

  private mutating func inquireElsewhere(
    about piece: PieceIndex, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    let last = hashExchange.inquiry.peer(askedAbout: piece)
    guard let key = informant(about: piece, other: last) else {
      return hashExchange.inquiry.end(piece)
    }
    for range in hashExchange.inquiry.ask(piece, of: key, at: now) {
      send(.hashRequest(range), to: key, at: now, into: &effects)
    }
  }

  /// A peer that has a piece, and so its leaves: anybody will do, since what it says is checked, and
  /// soonest whoever owes the fewest blocks, behind which its answer comes.
  private func informant(about piece: PieceIndex, other last: PeerKey?) -> PeerKey? {
    var best: (key: PeerKey, owed: Int)?
    for key in peers.ids where key != last && peers[key].isConnected && peers[key].isVersion2 {
      let owed = peers[key].requests.count
      if peers[key].has(piece), owed < best?.owed ?? .max { best = (key, owed) }
    }
    return best?.key
  }

  mutating func repeatInquiries(at now: Moment, into effects: inout [SwarmEffect]) {
    let deadline = now - configuration.metadataDeadline
    for piece in hashExchange.inquiry.pieces(askedBefore: deadline) {
      inquireElsewhere(about: piece, at: now, into: &effects)
    }
  }

  // MARK: Serving

  /// Answers that one connection gets: those that the whole torrent takes, some times over.
  private var mostAnswers: Int {
    let trees = hashExchange.trees?.geometry.trees.count ?? 0
    return 4 * ((geometry?.pieceCount ?? 0) / 256 + trees) + 1024
  }

  mutating func serve(
    _ range: HashRange, to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    peers[key].nodeAnswers += 1
    guard hashExchange.server != nil, peers[key].nodeAnswers <= mostAnswers else {
      return send(.hashReject(range), to: key, at: now, into: &effects)
    }
    switch hashExchange.server!.answer(range) {
    case .nodes(let nodes):
      send(.hashes(range, nodes), to: key, at: now, into: &effects)
    case .needsLeaves(let piece)
    where picker != nil && picker.wrapped.have[piece] && !peers[key].awaitsLeaves && !isSuperSeeding:
      peers[key].awaitsLeaves = true
      effects.append(.readLeaves(key, range, piece))
    case .needsLeaves, .none:
      send(.hashReject(range), to: key, at: now, into: &effects)
    }
  }

  /// The leaves of a piece have been read for a peer; none where they could not be.
  mutating func serve(
    _ range: HashRange, leaves: [Bytes32], of piece: PieceIndex, to key: PeerKey, at now: Moment,
    into effects: inout [SwarmEffect]
  ) {
    guard peers.contains(key) else { return }
    peers[key].awaitsLeaves = false
    guard !leaves.isEmpty, let nodes = hashExchange.server?.answer(range, leaves: leaves, of: piece)
    else { return send(.hashReject(range), to: key, at: now, into: &effects) }
    send(.hashes(range, nodes), to: key, at: now, into: &effects)
  }
}
