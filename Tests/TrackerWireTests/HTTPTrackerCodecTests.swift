import DeterministicCore
import HTTPWire
import Testing
import TorrentModel
import TrackerWire

private func error(_ query: String) -> TrackerWireError? {
  do {
    _ = try AnnounceRequest(query: HTTPQuery(query))
    return nil
  } catch {
    return error
  }
}

private func decode(_ body: String) throws -> AnnounceReply {
  try HTTPTrackerCodec.decodeAnnounceReply(Array(body.utf8))
}

@Suite struct AnnounceQueries {
  @Test func `an announce survives the way through a query`() throws {
    for seed in UInt64(0)..<500 {
      var samples = Samples(seed: seed)
      let request = samples.announceRequest(overUDP: false)
      let read = try AnnounceRequest(query: HTTPQuery(request.query))
      #expect(read == request, "seed \(seed)")
    }
  }

  @Test func `an info-hash keeps every byte`() throws {
    let query = "info_hash=%00%01%ff+%2B%25%26%3D%0a%0D%7f%80abcdefgh&peer_id="
    let request = try AnnounceRequest(query: HTTPQuery(query + "-XX0001-aaaaaaaaaaaa&port=1"))
    #expect(
      request.infoHash.bytes
        == [0, 1, 255, 32, 43, 37, 38, 61, 10, 13, 127, 128] + Array("abcdefgh".utf8))
  }

  @Test func `what is left out has its meaning`() throws {
    let query = "info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-aaaaaaaaaaaa&port=6881"
    let request = try AnnounceRequest(query: HTTPQuery(query))
    #expect(request.left == AnnounceRequest.unknownLeft)
    #expect(!request.isSeed)
    #expect(request.numWant == nil && request.event == nil && request.key == nil)
    #expect(!request.wantsCompact && !request.omitsPeerIDs)
  }

  @Test func `a size that nobody knows yet does not look like a seed`() throws {
    var samples = Samples(seed: 1)
    let request = AnnounceRequest(
      infoHash: samples.infoHash(), peerID: samples.peerID(), port: 1,
      left: AnnounceRequest.unknownLeft)
    #expect(try !AnnounceRequest(query: HTTPQuery(request.query)).isSeed)
    #expect(request.query.contains("&left=16384&"))
  }

  @Test(
    arguments: [
      ("numwant=-1", nil), ("numwant=0", 0), ("numwant=7", 7),
      ("numwant=99999999999999999999999", Int.max), ("numwant=-99999999999999999999999", nil),
    ] as [(String, Int?)])
  func `numwant is read as signed and of any size`(parameter: String, expected: Int?) throws {
    let query = "info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-aaaaaaaaaaaa&port=1&" + parameter
    #expect(try AnnounceRequest(query: HTTPQuery(query)).numWant == expected)
  }

  @Test(
    arguments: [
      ("", .missing("info_hash")),
      ("peer_id=-XX0001-aaaaaaaaaaaa&port=1", .missing("info_hash")),
      ("info_hash=aaaaaaaaaaaaaaaaaaaa&port=1", .missing("peer_id")),
      ("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-aaaaaaaaaaaa", .missing("port")),
      ("info_hash=aaaaaaaaaaaaaaaaaaa&port=1", .malformed("info_hash")),
      ("info_hash=aaaaaaaaaaaaaaaaaaaaa&port=1", .malformed("info_hash")),
      ("info_hash=%aaaaaaaaaaaaaaaaaaa%", .malformed("info_hash")),
      ("peer_id=short", .malformed("peer_id")),
      ("port=65536", .malformed("port")), ("port=-1", .malformed("port")),
      ("port=", .malformed("port")), ("port=+80", .malformed("port")),
      ("left=0x10", .malformed("left")), ("left=-2", .malformed("left")),
      ("uploaded=99999999999999999999999", .malformed("uploaded")),
      ("event=exploded", .malformed("event")), ("numwant=many", .malformed("numwant")),
      (
        "info_hash=aaaaaaaaaaaaaaaaaaaa&info_hash=bbbbbbbbbbbbbbbbbbbb",
        .repeated("info_hash")
      ),
      ("left=0&left=1", .repeated("left")),
    ] as [(String, TrackerWireError)])
  func `a malformed announce is refused by name`(query: String, expected: TrackerWireError) {
    #expect(error(query) == expected)
  }

  @Test func `keys of any text are told apart`() throws {
    let keys = try ["00C0FFEE", "c0ffee", "not hexadecimal", "another", "+1234567"].map {
      try AnnounceRequest(
        query: HTTPQuery(
          "info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-aaaaaaaaaaaa&port=1&key=\($0)")
      ).key
    }
    #expect(keys[0] == 0xc0ffee)
    #expect(keys[1] == keys[0])
    #expect(Set(keys).count == 4)
  }
}

@Suite struct AnnounceBodies {
  @Test func `a response survives the way through its body`() throws {
    for seed in UInt64(0)..<300 {
      var samples = Samples(seed: seed)
      let reply = AnnounceReply.success(samples.announceResponse())
      let read = try HTTPTrackerCodec.decodeAnnounceReply(HTTPTrackerCodec.encode(reply))
      #expect(read == reply, "seed \(seed)")
    }
  }

  @Test(
    arguments: [nil, .never, .after(minutes: 1), .after(minutes: 90)]
      as [TrackerFailure.Retry?])
  func `a failure and its advice survive`(retry: TrackerFailure.Retry?) throws {
    let reply = AnnounceReply.failure(TrackerFailure("torrent not registered", retry: retry))
    #expect(try HTTPTrackerCodec.decodeAnnounceReply(HTTPTrackerCodec.encode(reply)) == reply)
  }

  @Test func `a compact response is spelt as the standard has it`() {
    var response = AnnounceResponse(interval: 1800)
    response.complete = 1
    var v4 = CompactPeers(.v4)
    v4.append(Endpoint(text: "65.66.67.68:17734")!)
    response.peers = .compact(v4: v4, v6: CompactPeers(.v6))
    #expect(
      String(decoding: HTTPTrackerCodec.encode(.success(response)), as: UTF8.self)
        == "d8:completei1e8:intervali1800e5:peers6:ABCDEFe")
  }

  @Test(arguments: [
    ("d8:intervali0e12:min intervali0e5:peers0:e", 60),
    ("d8:intervali-5e5:peers0:e", 60), ("d8:intervali99999999e5:peers0:e", 86400),
    ("d5:peers0:e", 1800), ("d8:intervali120ee", 120),
  ]) func `intervals are clamped`(body: String, expected: Int) throws {
    let response = try decode(body).get()
    #expect(response.interval == expected)
    #expect(response.minInterval == nil || response.minInterval == 60)
    #expect(response.peers.count == 0)
  }

  @Test func `peers that nobody can dial are dropped`() throws {
    let bad = ["0.0.0.0:0", "8.8.8.8:0", "224.0.0.1:6881", "255.255.255.255:6881"]
    let worse = ["169.254.169.254:80", "0.1.2.3:6881"]
    let good = ["8.8.8.8:6881", "127.0.0.1:6881"]
    let list = (bad + good + worse).map { Endpoint(text: $0)! }
    let body =
      Array("d8:intervali1800e5:peers48:".utf8) + list.flatMap(\.compact) + Array("e".utf8)
    let response = try HTTPTrackerCodec.decodeAnnounceReply(body).get()
    #expect(response.peers.endpoints.map(\.description) == good)

    let six = ["[::]:1", "[ff02::1]:1", "[fe80::1]:1", "[2001:db8::1]:0", "[2001:db8::1]:5"]
    let body6 =
      Array("d8:intervali1800e6:peers690:".utf8)
      + six.flatMap { Endpoint(text: $0)!.compact } + Array("e".utf8)
    let response6 = try HTTPTrackerCodec.decodeAnnounceReply(body6).get()
    #expect(response6.peers.endpoints.map(\.description) == ["[2001:db8::1]:5"])
  }

  @Test func `described peers that cannot be dialled are dropped, host names too`() throws {
    let peers =
      "d2:ip7:8.8.8.84:porti1ee" + "d2:ip7:example4:porti1ee" + "d2:ip7:8.8.8.84:porti0ee"
      + "d2:ip7:8.8.8.84:porti65536ee" + "d2:ip11:2001:db8::17:peer id3:abc4:porti2ee"
    let response = try decode("d8:intervali1800e5:peersl\(peers)ee").get()
    #expect(response.peers.endpoints.map(\.description) == ["8.8.8.8:1", "[2001:db8::1]:2"])
  }

  @Test func `more peers than anyone needs are cut off`() throws {
    let count = TrackerLimits.mostPeers + 1000
    let list = (0..<count).flatMap { Endpoint(.v4(0x0b00_0000 + UInt32($0)), port: 1).compact }
    let body =
      Array("d8:intervali1800e5:peers\(list.count):".utf8) + list + Array("e".utf8)
    let response = try HTTPTrackerCodec.decodeAnnounceReply(body).get()
    #expect(response.peers.count == TrackerLimits.mostPeers)
  }

  @Test(arguments: [
    "", "<html>captive portal</html>", "i5e", "le", "de", "d8:completei1ee",
    "d8:interval4:1800e", "d8:intervali1800e5:peers5:abcdee", "d8:intervali1800e5:peersi1ee",
    "d8:intervali1800e6:peers617:aaaaaaaaaaaaaaaaae", "d8:intervali1800e5:peersli1eee",
    "d14:failure reasoni1ee", "d8:intervali1800eeX",
  ]) func `a body of the wrong shape is refused`(body: String) {
    #expect(throws: TrackerWireError.self) { try decode(body) }
  }

  @Test func `a body beyond the limit is refused unread`() {
    let body = [UInt8](repeating: 0, count: TrackerLimits.longestResponse + 1)
    #expect(throws: TrackerWireError.tooLong) { try HTTPTrackerCodec.decodeAnnounceReply(body) }
  }

  @Test func `advice on when to ask again is clamped`() throws {
    for (advice, expected) in [
      ("i0e", TrackerFailure.Retry.after(minutes: 1)), ("i-9e", .after(minutes: 1)),
      ("i99999999e", .after(minutes: 1440)), ("1:5", .after(minutes: 5)), ("5:never", .never),
    ] {
      let reply = try decode("d14:failure reason4:full8:retry in\(advice)e")
      #expect(reply == .failure(TrackerFailure("full", retry: expected)))
    }
  }

  @Test func `damaged bodies never trap`() {
    for seed in UInt64(0)..<2000 {
      var samples = Samples(seed: seed)
      let body = HTTPTrackerCodec.encode(.success(samples.announceResponse()))
      if let reply = try? HTTPTrackerCodec.decodeAnnounceReply(samples.damage(body)),
        case .success(let response) = reply
      {
        #expect(response.peers.count <= TrackerLimits.mostPeers, "seed \(seed)")
        #expect(
          (TrackerLimits.shortestInterval...TrackerLimits.longestInterval).contains(
            response.interval), "seed \(seed)")
      }
    }
  }
}

@Suite struct ScrapeBodies {
  @Test func `a scrape of several torrents survives both ways`() throws {
    for seed in UInt64(0)..<100 {
      var samples = Samples(seed: seed)
      let hashes = (0..<samples.generator.below(75)).map { _ in samples.infoHash() }
      let request = ScrapeRequest(hashes)
      #expect(try ScrapeRequest(query: HTTPQuery(request.query)) == request, "seed \(seed)")
      var response = ScrapeResponse(
        files: hashes.sorted().map { infoHash in
          .init(
            infoHash,
            ScrapeStatistics(
              complete: samples.generator.below(1 << 31),
              downloaded: samples.generator.below(1 << 31),
              incomplete: samples.generator.below(1 << 31),
              downloaders: samples.chance() ? samples.generator.below(1 << 31) : nil))
        })
      if samples.chance() { response.minRequestInterval = 900 }
      let body = HTTPTrackerCodec.encode(ScrapeReply.success(response))
      #expect(try HTTPTrackerCodec.decodeScrapeReply(body) == .success(response), "seed \(seed)")
    }
  }

  @Test func `a hash asked for twice counts once, and there is a most`() throws {
    let one = "info_hash=aaaaaaaaaaaaaaaaaaaa"
    #expect(try ScrapeRequest(query: HTTPQuery("\(one)&\(one)&x=1")).infoHashes.count == 1)
    #expect(try ScrapeRequest(query: HTTPQuery("")).infoHashes.isEmpty)
    #expect(throws: TrackerWireError.malformed("info_hash")) {
      try ScrapeRequest(query: HTTPQuery("info_hash=short"))
    }
    var samples = Samples(seed: 7)
    let many = ScrapeRequest((0..<75).map { _ in samples.infoHash() })
    #expect(throws: TrackerWireError.tooManyHashes) {
      try ScrapeRequest(query: HTTPQuery(many.query))
    }
  }

  @Test(arguments: [
    "de", "d5:filesi1ee", "d5:filesd3:abcdeee", "d5:filesd20:aaaaaaaaaaaaaaaaaaaai1eee",
  ]) func `a scrape of the wrong shape is refused`(body: String) {
    #expect(throws: TrackerWireError.self) {
      try HTTPTrackerCodec.decodeScrapeReply(Array(body.utf8))
    }
  }

  @Test func `a scrape may fail, and counts may be odd`() throws {
    let failed = try HTTPTrackerCodec.decodeScrapeReply(Array("d14:failure reason2:noe".utf8))
    #expect(failed == .failure(TrackerFailure("no")))
    let body = "d5:filesd20:aaaaaaaaaaaaaaaaaaaad8:completei-1eeee"
    let odd = try HTTPTrackerCodec.decodeScrapeReply(Array(body.utf8)).get()
    #expect(
      odd.files.map(\.statistics) == [
        ScrapeStatistics(complete: 0, downloaded: 0, incomplete: 0)
      ])
  }
}
