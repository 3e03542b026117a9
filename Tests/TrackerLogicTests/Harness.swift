import DeterministicCore
import Testing
import TorrentModel
import TrackerLogic
import TrackerWire

/// A tracker and the means to speak to it in few words.
struct Harness: ~Copyable {
  var tracker: Tracker
  var now = Moment.zero + .seconds(1_000_000)

  init(
    _ admission: Tracker.Admission = .everything, seed: UInt64 = 1,
    policy: AnnouncePolicy = AnnouncePolicy()
  ) {
    tracker = Tracker(
      policy: policy, admission: admission, seed: seed, secret: TrackerSecret(seed, 77))
  }

  static func infoHash(_ number: Int) -> InfoHash {
    InfoHash(bytes: (0..<20).map { UInt8(truncatingIfNeeded: number >> ($0 % 4 * 8)) })!
  }

  static func request(
    _ peer: String, _ event: AnnounceEvent? = nil, left: UInt64 = 1, torrent: Int = 0,
    uploaded: UInt64 = 0, numWant: Int? = nil
  ) -> (AnnounceRequest, Address) {
    let endpoint = Endpoint(text: peer)!
    let id = PeerID(bytes: Array((peer + "-------------------").utf8.prefix(20)))!
    var request = AnnounceRequest(
      infoHash: infoHash(torrent), peerID: id, port: endpoint.port, left: left)
    request.event = event
    request.uploaded = uploaded
    request.numWant = numWant
    return (request, endpoint.address)
  }

  mutating func reply(
    _ peer: String, _ event: AnnounceEvent? = nil, left: UInt64 = 1, torrent: Int = 0,
    uploaded: UInt64 = 0, numWant: Int? = nil
  ) -> AnnounceReply {
    let (request, address) = Self.request(
      peer, event, left: left, torrent: torrent, uploaded: uploaded, numWant: numWant)
    return tracker.handle(request, from: address, at: now)
  }

  /// The peers named in the answer, sorted; `nil` for a failure.
  @discardableResult
  mutating func announce(
    _ peer: String, _ event: AnnounceEvent? = nil, left: UInt64 = 1, torrent: Int = 0,
    uploaded: UInt64 = 0, numWant: Int? = nil
  ) -> [String]? {
    let reply = reply(
      peer, event, left: left, torrent: torrent, uploaded: uploaded, numWant: numWant)
    return (try? reply.get())?.peers.endpoints.sorted().map(\.description)
  }

  /// The answer by datagram.
  mutating func datagram(
    _ peer: String, _ event: AnnounceEvent? = nil, left: UInt64 = 1, torrent: Int = 0,
    numWant: Int? = nil
  ) throws -> UDPTrackerResponse {
    let (request, address) = Self.request(
      peer, event, left: left, torrent: torrent, numWant: numWant)
    var bytes = [UInt8](repeating: 0, count: UDPTrackerResponse.longestReply)
    let length = bytes.withUnsafeMutableBytes { room in
      var reply = OutputRawSpan(buffer: room, initializedCount: 0)
      tracker.handle(request, 42, from: address, at: now, into: &reply)
      return reply.finalize(for: room)
    }
    return try UDPTrackerResponse(bytes.span.bytes.extracting(..<length), family: address.family)
  }

  func counts(_ torrent: Int = 0) -> ScrapeStatistics? {
    tracker.statistics(of: Self.infoHash(torrent))
  }
}

extension Harness {
  mutating func written(
    _ request: AnnounceRequest, from address: Address, room: Int = 32_768
  ) throws -> [UInt8] {
    var failure: TrackerFailure?
    let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      var body = OutputRawSpan(buffer: bytes, initializedCount: 0)
      do throws(TrackerFailure) {
        try tracker.handle(request, from: address, at: now, into: &body)
      } catch {
        failure = error
      }
      count = body.finalize(for: bytes)
    }
    if let failure {
      #expect(bytes.isEmpty)
      throw failure
    }
    return bytes
  }
}
