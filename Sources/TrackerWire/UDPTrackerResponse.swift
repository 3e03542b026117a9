import TorrentModel

/// A tracker's datagram (BEP 15).
public struct UDPTrackerResponse: Hashable, Sendable {
  public enum Body: Hashable, Sendable {
    case connect(connectionID: UInt64)
    case announce(AnnounceResponse)
    /// In the order of the request.
    case scrape([ScrapeStatistics])
    case error(TrackerFailure)
  }

  /// That of the request answered.
  public var transactionID: UInt32
  public var body: Body

  public init(transactionID: UInt32, body: Body) {
    self.transactionID = transactionID
    self.body = body
  }

  /// Bytes a reply may have: past this a datagram is likely to be cut on its way.
  public static let longestReply = 1200
  /// Action, transaction ID, interval and the two counts, in bytes.
  static let announceLength = 20

  /// Peers of one family that fit a reply.
  public static func mostPeers(_ family: AddressFamily) -> Int {
    (longestReply - announceLength) / family.compactLength
  }
}

extension UDPTrackerResponse {
  /// Reads a datagram from a tracker.
  ///
  /// - Parameter family: that of the socket: the format of peers follows it, not what the datagram
  ///   says.
  public init(_ datagram: RawSpan, family: AddressFamily) throws(TrackerWireError) {
    try datagram.require(8)
    transactionID = datagram.word32(at: 4)
    switch datagram.word32(at: 0) {
    case UDPTrackerAction.connect:
      try datagram.require(16)
      body = .connect(connectionID: datagram.word64(at: 8))
    case UDPTrackerAction.announce:
      try datagram.require(Self.announceLength)
      body = .announce(try Self.announce(datagram, family))
    case UDPTrackerAction.scrape:
      guard (datagram.byteCount - 8).isMultiple(of: 12) else {
        throw .raggedDatagram(length: datagram.byteCount)
      }
      body = .scrape(
        stride(from: 8, to: datagram.byteCount, by: 12).map { offset in
          ScrapeStatistics(
            complete: Int(datagram.word32(at: offset)),
            downloaded: Int(datagram.word32(at: offset + 4)),
            incomplete: Int(datagram.word32(at: offset + 8)))
        })
    case UDPTrackerAction.error:
      let text = datagram.bytes(8..<min(datagram.byteCount, 8 + TrackerLimits.longestText))
      body = .error(TrackerFailure(String(decoding: text, as: UTF8.self)))
    case let action:
      throw .unknownAction(action)
    }
  }

  private static func announce(
    _ datagram: RawSpan, _ family: AddressFamily
  ) throws(TrackerWireError) -> AnnounceResponse {
    let interval = Int64(Int32(bitPattern: datagram.word32(at: 8)))
    var response = AnnounceResponse(interval: TrackerLimits.interval(interval))
    response.incomplete = Int(datagram.word32(at: 12))
    response.complete = Int(datagram.word32(at: 16))
    let most = announceLength + TrackerLimits.mostPeers * family.compactLength
    let list = datagram.bytes(announceLength..<min(datagram.byteCount, most))
    guard let peers = CompactPeers(family, bytes: list[...]) else {
      throw .raggedDatagram(length: datagram.byteCount)
    }
    let empty = CompactPeers(family == .v4 ? .v6 : .v4)
    let kept = peers.believable
    response.peers =
      family == .v4 ? .compact(v4: kept, v6: empty) : .compact(v4: empty, v6: kept)
    return response
  }

  /// Writes the datagram. An announce carries the peers of `family` only, and no more than fit.
  ///
  /// - Precondition: there is room for `longestReply` bytes.
  public func write(into datagram: inout OutputRawSpan, family: AddressFamily) {
    switch body {
    case .connect(let connectionID):
      Self.writeConnect(connectionID, transactionID, into: &datagram)
    case .announce(let response):
      Self.writeAnnounce(
        transactionID, interval: response.interval, incomplete: response.incomplete ?? 0,
        complete: response.complete ?? 0, into: &datagram)
      let peers = response.peers.endpoints.filter { $0.address.family == family }
      for peer in peers.prefix(Self.mostPeers(family)) { datagram.append(peer) }
    case .scrape(let statistics):
      Self.writeScrape(transactionID, into: &datagram)
      for counts in statistics.prefix(TrackerLimits.mostScrapedHashes) { datagram.append(counts) }
    case .error(let failure):
      Self.writeError(failure, transactionID, into: &datagram)
    }
  }

  public func bytes(_ family: AddressFamily) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Self.longestReply) { buffer, count in
      let room = UnsafeMutableRawBufferPointer(buffer)
      var datagram = OutputRawSpan(buffer: room, initializedCount: 0)
      write(into: &datagram, family: family)
      count = datagram.finalize(for: room)
    }
  }
}
