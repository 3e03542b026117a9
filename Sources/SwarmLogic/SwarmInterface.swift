public import DeterministicCore
public import Hashing
public import PeerWire
public import TorrentModel

/// Where an endpoint was heard of.
public enum PeerSource: Hashable, Sendable {
  /// Named by the user or by the link the user gave.
  case user
  case tracker
  /// The peer connected to us and told its port.
  case incoming
  /// Another peer told of it (BEP 11).
  case exchange
  /// It said on the local network that it is there (BEP 14).
  case localDiscovery

  /// Whether it is a way that a private torrent forbids (BEP 27).
  public var isHearsay: Bool { self == .exchange || self == .localDiscovery }
}

/// The facts a swarm is told. The few that are large are indirect, so that the many are small.
public enum SwarmInput: Sendable {
  /// Endpoints that may be peers; `under` is what they call the torrent, where it has two names and
  /// that is known.
  case candidates([Endpoint], from: PeerSource, under: InfoHash? = nil)
  /// Those who are not neighbours reach us at this port from now on, which a router has opened; nil:
  /// at the one we listen on.
  case reachable(at: UInt16?)
  /// A peer connected and sent its handshake. The driver's `ticket` comes back in `.adopt` or
  /// `.refuse` among the effects of this very input.
  indirect case accepted(ticket: UInt64, from: Endpoint, Handshake)
  /// The answer to our handshake on a connection we made.
  indirect case handshake(PeerKey, Handshake)
  case received(PeerMessage, from: PeerKey)
  /// A block has arrived whole and lies in its piece's buffer.
  case landed(Block, from: PeerKey)
  /// A block arrived that `expects` had called unexpected; it was thrown away.
  case discarded(Block, from: PeerKey)
  /// A block asked for by a peer has been handed to the kernel.
  case uploaded(Block, to: PeerKey)
  /// Blocks that were queued for a peer and taken back unsent.
  case unsent([Block], to: PeerKey)
  /// A connection is over, or a dial failed.
  case ended(PeerKey)
  /// A dialled peer ended the connection instead of shaking hands.
  case refused(PeerKey)
  /// A dial was not begun: the driver has no place for it at the moment.
  case notDialled(PeerKey)
  /// A connection is over because the peer's bytes were no protocol.
  case faulted(PeerKey, String)
  /// A piece is right and stored. The digests are those of its blocks, where `.verify` wanted them.
  case pieceVerified(PieceIndex, blockDigests: [Bytes20] = [])
  /// A piece failed its hash; the digests are those of its blocks, by which it is found out who
  /// spoiled it.
  case pieceFailed(PieceIndex, blockDigests: [Bytes20] = [])
  /// A piece was right but could not be written: it has to be fetched again, by nobody's fault.
  case pieceLost(PieceIndex)
  /// The torrent is known: its geometry, the pieces already on disk, those that are wanted (nil:
  /// all), and its info dictionary.
  indirect case ready(PieceGeometry, have: Bitfield, wanted: Bitfield?, metadata: [UInt8])
  /// The bytes handed out by `.metadataComplete` were not the torrent's.
  case metadataFailed
  /// The metadata is here; what is missing to tell its pieces from false ones are the nodes that stand
  /// for them in hash trees (BEP 52).
  indirect case layersMissing(FileTrees, metadata: [UInt8])
  /// The hash trees, with the nodes of all pieces.
  indirect case trees(FileTrees)
  /// What `.readLeaves` asked for: the digests of a piece's blocks; none where they cannot be read.
  indirect case leavesRead(PeerKey, HashRange, PieceIndex, [Bytes32])
  /// The torrent is private (BEP 27): peers come from its trackers and the user only.
  case madePrivate
  /// How much wanted pieces are wanted, of those for which that is not as usual.
  case priorities([(PieceIndex, PiecePriority)])
  /// What is being read while it loads, as pieces, the most urgent first.
  case reading([Range<Int>])
  /// So many web seeds have the torrent.
  case webSeeds(Int)
  /// What was asked for with `.fetch` is over.
  case fetched(PeerKey, FetchOutcome)
  case wake
  /// No further pieces may be fetched, or again they may: the disk decides.
  case downloadPaused(Bool)
}

/// Why a swarm ends a connection.
public enum CloseReason: Hashable, Sendable, CustomStringConvertible {
  case selfConnection
  case duplicateConnection
  case tooManyPeers
  case banned
  case handshakeTimeout
  case silence
  case nothingToTrade
  case wrongTorrent
  case protocolFault(String)
  case corruptPiece
  case foundOutsideTrackers

  public var description: String {
    switch self {
    case .selfConnection: "a connection to ourselves"
    case .duplicateConnection: "connected to this peer already"
    case .tooManyPeers: "too many connections"
    case .banned: "the address is banned"
    case .handshakeTimeout: "no handshake in time"
    case .silence: "silent for too long"
    case .nothingToTrade: "both sides have everything"
    case .wrongTorrent: "a handshake for another torrent"
    case .protocolFault(let what): "protocol fault: \(what)"
    case .corruptPiece: "sent a corrupt piece"
    case .foundOutsideTrackers: "the torrent is private and its trackers did not name this peer"
    }
  }
}

/// What a swarm wants done, in order.
public enum SwarmEffect: Sendable {
  case connect(PeerKey, Endpoint, isEncrypted: Bool)
  /// The connection of this ticket belongs to the swarm under this name.
  case adopt(ticket: UInt64, PeerKey)
  case refuse(ticket: UInt64, CloseReason)
  case send(PeerKey, PeerMessage)
  /// Queue a verified block for a peer.
  case upload(PeerKey, Block)
  /// Take a queued block back; if it was still there, tell with `.unsent`.
  case unsend(PeerKey, Block)
  /// Take all queued blocks back and tell with `.unsent`.
  case unsendAll(PeerKey)
  case close(PeerKey, CloseReason)
  /// All blocks of a piece are in its buffer: hash it, and write it if it is right. If it is
  /// wrong, or `isSuspect` because an earlier copy was, digests of its blocks are wanted, too.
  case verify(PieceIndex, isSuspect: Bool)
  /// A piece begun is given up: its buffer is free.
  case abandon(PieceIndex)
  /// Fetch pieces of a web seed, of which the number among the torrent's is told, and tell of each
  /// block as of a peer's.
  case fetch(PeerKey, webSeed: Int, pieces: Range<Int>)
  /// Nothing of what is being fetched of a web seed is wanted; its end is not to be told.
  case endFetch(PeerKey)
  /// Metadata fetched from peers, of the announced size, unverified.
  case metadataComplete([UInt8])
  /// The nodes of all pieces, by their numbers; each was seen to lead to its file's root.
  case layersComplete([Bytes32])
  /// Read a piece and tell the digests of its blocks with `.leavesRead`.
  indirect case readLeaves(PeerKey, HashRange, PieceIndex)
  /// Call with `.wake` at this moment, or sooner.
  case wake(at: Moment)
  case report(SwarmEvent)
}

/// What a swarm has to tell those who watch it.
public enum SwarmEvent: Hashable, Sendable {
  case peerConnected(Endpoint)
  case peerClosed(Endpoint, CloseReason)
  case pieceVerified(PieceIndex)
  case pieceFailed(PieceIndex, contributors: Int)
  /// Everything from the endpoint's address is refused from here on for the time named; on a
  /// loopback address, from the endpoint only.
  case peerBanned(Endpoint, CloseReason, for: TimeSpan)
  /// A web seed sent false data and is asked for nothing more.
  case webSeedBanned(Int)
  case metadataSize(Int)
  /// Everything wanted is here.
  case complete
}

/// What the driver may do with a block that begins to arrive.
public enum Expectation: Hashable, Sendable {
  /// Only this peer was asked: it may land in the piece's buffer.
  case sole
  /// Others were asked too (endgame): the buffer's place may be another's.
  case shared
  /// Not asked for, or here already.
  case unexpected
}
