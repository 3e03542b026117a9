import HTTPWire
import TorrentModel
import TrackerWire

extension FuzzTarget {
  /// What trackers and their clients say to each other.
  static var trackerMessages: [FuzzTarget] {
    [
      .decoder(
        "announce-reply",
        seeds: [
          HTTPTrackerCodec.encode(AnnounceReply.success(response)),
          HTTPTrackerCodec.encode(
            AnnounceReply.failure(TrackerFailure("no", retry: .after(minutes: 5)))),
          HTTPTrackerCodec.encode(AnnounceReply.success(described)),
        ], announceReply),
      .decoder(
        "scrape-reply",
        seeds: [
          HTTPTrackerCodec.encode(
            ScrapeReply.success(
              ScrapeResponse(files: [
                .init(infoHash, .init(complete: 1, downloaded: 2, incomplete: 3))
              ])))
        ], scrapeReply),
      .text("announce-query", seeds: [announce.query], announceQuery),
      .text("scrape-query", seeds: [ScrapeRequest([infoHash, infoHash]).query], scrapeQuery),
      .decoder("udp-request", seeds: udpRequests, udpRequest),
      .decoder("udp-reply", seeds: udpReplies, udpReply),
      .decoder(
        "compact-peers", seeds: [[10, 0, 0, 1, 26, 225], response.peers.endpoints[1].compact],
        compactPeers),
    ]
  }

  // MARK: Properties

  private static func announceReply(_ body: [UInt8]) {
    guard let reply = try? HTTPTrackerCodec.decodeAnnounceReply(body) else { return }
    let again = try? HTTPTrackerCodec.decodeAnnounceReply(HTTPTrackerCodec.encode(reply))
    switch (reply, again) {
    case (.failure(let failure), .failure(let second)?):
      require(failure.retry == second.retry, "another advice")
    case (.success(var response), .success(var second)?):
      require(response.peers.count <= TrackerLimits.mostPeers, "more peers than allowed")
      // Repaired text may be cut once more.
      response.warning = nil
      second.warning = nil
      require(response == second, "\(response) is read back as \(second)")
    default: fatalError("a success that is a failure, or unreadable")
    }
  }

  private static func scrapeReply(_ body: [UInt8]) {
    guard case .success(let response)? = try? HTTPTrackerCodec.decodeScrapeReply(body) else {
      return
    }
    let again = try? HTTPTrackerCodec.decodeScrapeReply(
      HTTPTrackerCodec.encode(ScrapeReply.success(response)))
    guard case .success(let second)? = again else { fatalError("not read back") }
    require(response == second, "\(response) is read back as \(second)")
  }

  private static func announceQuery(_ text: String) {
    guard var request = try? AnnounceRequest(query: HTTPQuery(text)) else { return }
    // What the asker does not know is not told as that over HTTP.
    if request.left == AnnounceRequest.unknownLeft { request.left = 1 }
    let again = try? AnnounceRequest(query: HTTPQuery(request.query))
    require(again == request, "\(request) is read back as \(String(describing: again))")
  }

  private static func scrapeQuery(_ text: String) {
    guard let request = try? ScrapeRequest(query: HTTPQuery(text)) else { return }
    require((try? ScrapeRequest(query: HTTPQuery(request.query))) == request, "read otherwise")
  }

  private static func udpRequest(_ datagram: [UInt8]) {
    guard let request = try? UDPTrackerRequest(datagram.span.bytes) else { return }
    let bytes = request.bytes
    require((try? UDPTrackerRequest(bytes.span.bytes)) == request, "\(request) is read otherwise")
  }

  private static func udpReply(_ datagram: [UInt8]) {
    for family in AddressFamily.allCases {
      guard let reply = try? UDPTrackerResponse(datagram.span.bytes, family: family) else { return }
      let bytes = reply.bytes(family)
      let again = try? UDPTrackerResponse(bytes.span.bytes, family: family)
      require(again?.transactionID == reply.transactionID, "not read back")
      switch reply.body {
      case .announce(let response):
        guard response.peers.count <= UDPTrackerResponse.mostPeers(family) else { continue }
        require(again == reply, "\(reply) is read otherwise")
      case .scrape(let counts):
        guard counts.count <= TrackerLimits.mostScrapedHashes else { continue }
        require(again == reply, "\(reply) is read otherwise")
      case .connect: require(again == reply, "\(reply) is read otherwise")
      case .error: continue
      }
    }
  }

  private static func compactPeers(_ bytes: [UInt8]) {
    for family in AddressFamily.allCases {
      guard let endpoint = Endpoint(compact: bytes.prefix(family.compactLength)) else { continue }
      require(Endpoint(compact: endpoint.compact) == endpoint, "\(endpoint) is read otherwise")
      require(Endpoint(text: "\(endpoint)") == endpoint, "\(endpoint) is spelt otherwise")
    }
    // The compact lists themselves are read where they come from: as part of a reply.
    var reply = Array("d8:intervali60e5:peers\(bytes.count):".utf8) + bytes
    reply.append(UInt8(ascii: "e"))
    guard case .success(let response)? = try? HTTPTrackerCodec.decodeAnnounceReply(reply) else {
      return
    }
    require(response.peers.endpoints.allSatisfy { $0.port != 0 }, "a peer without a port")
  }

  // MARK: Seeds

  private static var infoHash: InfoHash { InfoHash(bytes: Array(repeating: 0x61, count: 20))! }

  private static var announce: AnnounceRequest {
    var request = AnnounceRequest(
      infoHash: infoHash, peerID: PeerID(bytes: Array(repeating: 0xff, count: 20))!, port: 6881,
      left: 1234)
    request.event = .started
    request.numWant = 50
    request.key = 0xdead_beef
    request.trackerID = [1, 2]
    request.claimedAddress = .v4(0x0a00_0001)
    return request
  }

  private static var response: AnnounceResponse {
    var response = AnnounceResponse(interval: 1800)
    response.minInterval = 60
    response.complete = 1
    response.incomplete = 2
    var v4 = CompactPeers(.v4)
    v4.append(Endpoint(.v4(0x5db8_d822), port: 6881))
    var v6 = CompactPeers(.v6)
    v6.append(Endpoint(.v6(high: 0x2001_0db8 << 32, low: 1), port: 6881))
    response.peers = .compact(v4: v4, v6: v6)
    response.externalAddress = .v4(0x5db8_d823)
    response.trackerID = [7]
    response.warning = "slow"
    return response
  }

  private static var described: AnnounceResponse {
    var described = response
    described.peers = .described([
      DescribedPeer(Endpoint(.v4(0x5db8_d822), port: 1), id: announce.peerID)
    ])
    return described
  }

  private static var udpRequests: [[UInt8]] {
    let bodies: [UDPTrackerRequest.Body] = [
      .connect, .announce(announce, connectionID: 9, urlData: Array("/announce?key=1".utf8)),
      .scrape(ScrapeRequest([infoHash]), connectionID: 9),
    ]
    return bodies.map { UDPTrackerRequest(transactionID: 77, body: $0).bytes }
  }

  private static var udpReplies: [[UInt8]] {
    let bodies: [UDPTrackerResponse.Body] = [
      .connect(connectionID: 9), .announce(response), .error(TrackerFailure("no")),
      .scrape([ScrapeStatistics(complete: 1, downloaded: 2, incomplete: 3)]),
    ]
    return bodies.map { UDPTrackerResponse(transactionID: 77, body: $0).bytes(.v4) }
  }
}
