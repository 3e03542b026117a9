import DeterministicCore
import PeerWire
import TorrentModel

/// A request that has not been answered.
struct PendingRequest: Sendable {
  var block: Block
  var sentAt: Moment
}

/// What a swarm knows of one peer. All of it is facts; decisions are made elsewhere.
///
/// Not copyable, as its swarm is not: it is read where it lies in the slab.
struct PeerState: ~Copyable, Sendable {
  enum Phase {
    /// We are connecting, or waiting for the answer to our handshake.
    case dialing
    case connected
    /// A web server, with which there is no connection to keep.
    case webSeed
  }

  // What every message looks at comes first, in the cache line that its slot's generation begins: a
  // HAVE of one of many peers finds nothing of it in the processor's caches, and waits for each line.
  var lastReceived: Moment
  var lastSent: Moment
  /// The pieces it has; nil before it says, or before the torrent's geometry is known.
  var pieces: Bitfield?
  /// Pieces it has and we still want.
  var interestingCount: Int32 = 0
  var phase: Phase
  var supportsFast = false
  // The four bits of BEP 3, from our side.
  var isChoked = true
  var isInterested = false
  var chokesUs = true
  var weAreInterested = false
  /// It wants nothing of anybody (BEP 21).
  var isUploadOnly = false
  /// What we, as a seed, gave to it alone has come to others.
  var passesOn = false
  /// It serves some pieces even while it chokes us: known without a look at the array.
  private(set) var servesFast = false
  /// Pieces the peer serves even while it chokes us (BEP 6).
  var allowedFast: [PieceIndex] = [] { didSet { servesFast = !allowedFast.isEmpty } }

  // Downloading.
  var requests = Queue<PendingRequest>()
  var pipeline: RequestPipeline
  /// Pieces the peer would have us fetch next (BEP 6), the latest last.
  var suggested: [PieceIndex] = []
  static let mostSuggested = 32
  var down: RateMeter

  // Uploading.
  /// Blocks asked for and not yet handed to the kernel.
  var queuedUploads = 0
  /// Pieces that we suggested to it and that it has not announced since.
  var offered: [PieceOffer] = []
  /// What a super-seed lets it know of; nil where it knows what we have.
  var revealed: Revelation?
  var up: RateMeter
  /// The piece that it asked us for last.
  var lastServed: PieceIndex?
  /// We had something when it came. Who came when we were newcomers, too, is given nothing: we have to
  /// trade with what we get.
  var mayHaveGifts = false
  /// Pieces we serve even while we choke the peer (BEP 6).
  var grantedFast: [PieceIndex] = []
  /// Bytes of them it may still have while choked: each once, or a choked peer could fetch them for
  /// ever.
  var fastBytesLeft = 0
  /// When we last choked or unchoked it.
  var choiceChangedAt: Moment

  // Who it is.
  let endpoint: Endpoint
  let isOutgoing: Bool
  /// Who told of it, where we made the connection.
  let source: PeerSource?
  /// How we called it, where we made the connection, and whether it had refused us the other way.
  var isEncrypted = false
  var isSecondCall = false
  /// What we called the torrent, where we made the connection, and whether it had refused us under
  /// the other name.
  var name: InfoHash?
  var hasRefusedOtherName = false
  /// Where a peer that connected to us can be dialled, by its own word.
  var listeningOn: Endpoint?
  var peerID: PeerID?
  var supportsExtensions = false
  /// When the phase began.
  var since: Moment
  /// What it said of its pieces before the torrent's geometry was known.
  var unreadField: UnreadField?
  var unreadHaves: [PieceIndex] = []
  /// Times that it had everything and lost a piece.
  var lossesAsSeed = 0

  // Extensions.
  var metadataID: UInt8?
  var metadataSize: Int?
  /// Times in succession that it was asked for metadata and did not answer.
  var metadataMisses = 0
  var metadataNotBefore = Moment.zero
  /// Parts of the metadata we gave it.
  var metadataPartsServed = 0
  /// The connection is one of version 2: nodes of hash trees are exchanged (BEP 52).
  var isVersion2 = false
  var layersNotBefore = Moment.zero
  /// Requests for nodes of hash trees that it made.
  var nodeAnswers = 0
  /// The leaves of a piece are being read for it.
  var awaitsLeaves = false
  var clientVersion: String?
  var exchange = PeerExchange()
  /// What makes it a web seed; nil for peers.
  var webSeed: WebSeedState?

  private let inPlace = InPlace()

  /// A description of the peer's pieces that arrived before the torrent's metadata.
  enum UnreadField: Sendable {
    case bitfield([UInt8])
    case all
    case none
  }

  init(
    endpoint: Endpoint, isOutgoing: Bool, source: PeerSource? = nil, phase: Phase, at now: Moment,
    pipeline: RequestPipeline
  ) {
    self.endpoint = endpoint
    self.isOutgoing = isOutgoing
    self.source = source
    self.phase = phase
    self.pipeline = pipeline
    since = now
    down = RateMeter(startingAt: now)
    up = RateMeter(startingAt: now)
    choiceChangedAt = now
    lastReceived = now
    lastSent = now
  }

  /// Where others can connect to it, as far as we know.
  var dialableAt: Endpoint? { isOutgoing ? endpoint : listeningOn }
  var offersMetadata: Bool { isConnected && metadataID != nil && metadataSize != nil }

  // What is asked of it at every message.
  @inline(__always) var isConnected: Bool { phase == .connected }
  @inline(__always) var isSeed: Bool { pieces?.isFull ?? false }
  /// It has something for us and would serve a request.
  @inline(__always) var isWorthAsking: Bool {
    weAreInterested && (!chokesUs || servesFast)
  }

  @inline(__always)
  func has(_ piece: PieceIndex) -> Bool { pieces != nil && pieces![piece] }
}
