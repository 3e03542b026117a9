import DeterministicCore
import Testing
import TorrentModel
import TrackerWire

private func request(_ bytes: [UInt8]) throws -> UDPTrackerRequest {
  try UDPTrackerRequest(bytes.span.bytes)
}

private func response(_ bytes: [UInt8], _ family: AddressFamily) throws -> UDPTrackerResponse {
  try UDPTrackerResponse(bytes.span.bytes, family: family)
}

@Suite struct UDPRequests {
  @Test func `every request survives the way through its datagram`() throws {
    for seed in UInt64(0)..<500 {
      var samples = Samples(seed: seed)
      let body: UDPTrackerRequest.Body =
        switch samples.generator.below(3) {
        case 0: .connect
        case 1:
          .announce(
            samples.announceRequest(overUDP: true), connectionID: samples.generator.next(),
            urlData: samples.bytes(samples.generator.below(600)))
        default:
          .scrape(
            ScrapeRequest((0...samples.generator.below(74)).map { _ in samples.infoHash() }),
            connectionID: samples.generator.next())
        }
      let sent = UDPTrackerRequest(
        transactionID: UInt32(truncatingIfNeeded: samples.generator.next()), body: body)
      #expect(try request(sent.bytes) == sent, "seed \(seed)")
    }
  }

  @Test func `a connect request is spelt as the standard has it`() {
    #expect(
      UDPTrackerRequest(transactionID: 0x0102_0304, body: .connect).bytes
        == [0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0, 1, 2, 3, 4])
  }

  @Test func `the fields of an announce stand where the standard puts them`() throws {
    var announce = AnnounceRequest(
      infoHash: InfoHash(bytes: [UInt8](repeating: 1, count: 20))!,
      peerID: PeerID(bytes: [UInt8](repeating: 2, count: 20))!, port: 0x1234, left: 5)
    announce.downloaded = 4
    announce.uploaded = 6
    announce.event = .started
    announce.key = 9
    let bytes = UDPTrackerRequest(
      transactionID: 3, body: .announce(announce, connectionID: 7, urlData: Array("/a".utf8))
    ).bytes
    #expect(bytes.count == 98 + 4)
    #expect(bytes[..<16] == [0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 3])
    #expect(
      bytes[16..<56]
        == ArraySlice([UInt8](repeating: 1, count: 20) + [UInt8](repeating: 2, count: 20)))
    #expect(bytes[56..<80].enumerated().filter { $0.offset % 8 == 7 }.map(\.element) == [4, 5, 6])
    #expect(bytes[80..<98] == [0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 9, 255, 255, 255, 255, 0x12, 0x34])
    #expect(Array(bytes[98...]) == [2, 2] + Array("/a".utf8))
  }

  @Test(
    arguments: [
      ([], ""), ([0, 2, 1, 65], ""), ([1, 1, 2, 1, 65, 0], "A"),
      ([2, 1, 65, 9, 2, 0, 0, 2, 1, 66], "AB"),
      ([2, 5, 65], ""), ([2], ""), ([0, 0], ""), ([2, 0], ""),
    ] as [([UInt8], String)])
  func `options behind an announce are read or passed over`(
    options: [UInt8], expected: String
  ) throws {
    var samples = Samples(seed: 4)
    let sent = UDPTrackerRequest(
      transactionID: 1,
      body: .announce(samples.announceRequest(overUDP: true), connectionID: 2, urlData: []))
    guard case .announce(_, _, let data) = try request(sent.bytes + options).body else {
      Issue.record("an announce was read as something else")
      return
    }
    #expect(String(decoding: data, as: UTF8.self) == expected)
  }

  @Test func `a datagram that ends early or says nonsense is refused`() throws {
    var samples = Samples(seed: 5)
    let announce = UDPTrackerRequest(
      transactionID: 1,
      body: .announce(samples.announceRequest(overUDP: true), connectionID: 2, urlData: [])
    ).bytes
    for length in 0..<announce.count {
      #expect(throws: TrackerWireError.self) { try request(Array(announce[..<length])) }
    }
    let connect = UDPTrackerRequest(transactionID: 1, body: .connect).bytes
    #expect(throws: TrackerWireError.notProtocol) { try request([9] + connect.dropFirst()) }
    #expect(throws: TrackerWireError.unknownAction(4)) {
      try request([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0])
    }
    let header: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]
    for count in [0, 1, 19, 21] {
      #expect(throws: TrackerWireError.self) {
        try request(header + [UInt8](repeating: 7, count: count))
      }
    }
    #expect(throws: TrackerWireError.tooManyHashes) {
      try request(header + [UInt8](repeating: 7, count: 75 * 20))
    }
    var badEvent = announce
    badEvent[83] = 77
    #expect(throws: TrackerWireError.malformed("event")) { try request(badEvent) }
  }
}

@Suite struct UDPResponses {
  @Test(arguments: AddressFamily.allCases)
  func `every response survives the way through its datagram`(family: AddressFamily) throws {
    for seed in UInt64(0)..<300 {
      var samples = Samples(seed: seed)
      let most = UDPTrackerResponse.mostPeers(family)
      var announce = AnnounceResponse(interval: 60 + samples.generator.below(10000))
      announce.complete = samples.generator.below(1 << 31)
      announce.incomplete = samples.generator.below(1 << 31)
      announce.peers = .compact(
        v4: family == .v4 ? samples.compact(.v4, atMost: most) : CompactPeers(.v4),
        v6: family == .v6 ? samples.compact(.v6, atMost: most) : CompactPeers(.v6))
      let body: UDPTrackerResponse.Body =
        switch samples.generator.below(4) {
        case 0: .connect(connectionID: samples.generator.next())
        case 1: .announce(announce)
        case 2:
          .scrape(
            (0..<samples.generator.below(75)).map { _ in
              ScrapeStatistics(
                complete: samples.generator.below(1 << 32),
                downloaded: samples.generator.below(1 << 32),
                incomplete: samples.generator.below(1 << 32))
            })
        default: .error(TrackerFailure("nicht möglich"))
        }
      let sent = UDPTrackerResponse(
        transactionID: UInt32(truncatingIfNeeded: samples.generator.next()), body: body)
      let bytes = sent.bytes(family)
      #expect(bytes.count <= UDPTrackerResponse.longestReply, "seed \(seed)")
      #expect(try response(bytes, family) == sent, "seed \(seed)")
    }
  }

  @Test func `no reply outgrows a datagram and no family strays into the other`() throws {
    for family in AddressFamily.allCases {
      var v4 = CompactPeers(.v4)
      var v6 = CompactPeers(.v6)
      for number in 1...1000 {
        v4.append(Endpoint(.v4(0x0b00_0000 + UInt32(number)), port: 1))
        v6.append(Endpoint(.v6(high: 0x2001_0db8 << 32, low: UInt64(number)), port: 1))
      }
      var announce = AnnounceResponse(interval: 60)
      announce.peers = .compact(v4: v4, v6: v6)
      let bytes = UDPTrackerResponse(transactionID: 1, body: .announce(announce)).bytes(family)
      #expect(bytes.count <= UDPTrackerResponse.longestReply)
      guard case .announce(let read) = try response(bytes, family).body else {
        Issue.record("an announce was read as something else")
        return
      }
      #expect(read.peers.count == UDPTrackerResponse.mostPeers(family))
      #expect(read.peers.endpoints.allSatisfy { $0.address.family == family })
    }
  }

  @Test func `intervals are clamped and useless peers dropped`() throws {
    let header: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2]
    let peers = ["8.8.8.8:53", "8.8.8.8:0", "224.0.0.1:5", "169.254.169.254:80"]
    let bytes = header + peers.flatMap { Endpoint(text: $0)!.compact }
    guard case .announce(let read) = try response(bytes, .v4).body else {
      Issue.record("an announce was read as something else")
      return
    }
    #expect(read.interval == TrackerLimits.shortestInterval)
    #expect(read.incomplete == 1 && read.complete == 2)
    #expect(read.peers.endpoints.map(\.description) == ["8.8.8.8:53"])
  }

  @Test func `short, ragged and unknown datagrams are refused`() {
    let header: [UInt8] = [0, 0, 0, 1, 0x8a, 0xbe, 0xef, 0, 0, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]
    for length in 0..<20 {
      #expect(throws: TrackerWireError.self) { try response(Array(header[..<length]), .v4) }
    }
    #expect(throws: TrackerWireError.raggedDatagram(length: 25)) {
      try response(header + [1, 2, 3, 4, 5], .v4)
    }
    #expect(throws: TrackerWireError.raggedDatagram(length: 26)) {
      try response(header + [1, 2, 3, 4, 5, 6], .v6)
    }
    #expect(throws: TrackerWireError.raggedDatagram(length: 9)) {
      try response([0, 0, 0, 2, 0, 0, 0, 0, 1], .v4)
    }
    #expect(throws: TrackerWireError.unknownAction(9)) {
      try response([0, 0, 0, 9, 0, 0, 0, 0], .v4)
    }
  }

  @Test func `damaged datagrams never trap`() {
    for seed in UInt64(0)..<3000 {
      var samples = Samples(seed: seed)
      let sent = UDPTrackerRequest(
        transactionID: 1,
        body: .announce(
          samples.announceRequest(overUDP: true), connectionID: 2,
          urlData: samples.bytes(samples.generator.below(300)))
      ).bytes
      let damaged = samples.damage(sent)
      if let read = try? request(damaged), case .announce(_, _, let data) = read.body {
        #expect(data.count <= damaged.count, "seed \(seed)")
      }
      let noise = samples.bytes(samples.generator.below(64))
      #expect((try? request(noise)) == nil, "seed \(seed)")
      if let read = try? response(damaged, .v4), case .announce(let announce) = read.body {
        #expect(announce.peers.count * 6 <= damaged.count, "seed \(seed)")
      }
    }
  }
}
