import TorrentModel

// A success as its bencoded body (BEP 3, 7, 21, 23, 24), written where it is sent from: a dictionary,
// whose keys stand in the order of their bytes. An answer written so costs no allocation, however
// many peers it names.

extension AnnounceResponse {
  /// Bytes of a body without its peers and its text for people: keys and the longest numbers.
  public static let longestFrame = 512

  /// All of the body that stands before the peers.
  ///
  /// - Precondition: there is room for `longestFrame` bytes.
  public func writeBeginning(into body: inout OutputRawSpan) {
    body.append("d")
    if let complete { body.append("8:complete", complete) }
    if let downloaders { body.append("11:downloaders", downloaders) }
    switch externalAddress {
    case .v4(let word)?:
      body.append("11:external ip4:")
      body.append(bigEndian: word)
    case .v6(let high, let low)?:
      body.append("11:external ip16:")
      body.append(bigEndian: high)
      body.append(bigEndian: low)
    case nil: break
    }
    if let incomplete { body.append("10:incomplete", incomplete) }
    body.append("8:interval", interval)
    if let minInterval { body.append("12:min interval", minInterval) }
  }

  /// What stands before the compact peers of a family, of which `count` are to follow. Those of IPv4
  /// come first and are named even where there are none; of IPv6 no empty list is named.
  public static func writeKey(
    of family: AddressFamily, count: Int, into body: inout OutputRawSpan
  ) {
    body.append(family == .v4 ? "5:peers" : "6:peers6")
    body.append(decimal: count * family.compactLength)
    body.append(":")
  }

  /// All of the body that stands behind the peers.
  public func writeEnd(into body: inout OutputRawSpan) {
    if let trackerID {
      body.append("10:tracker id")
      body.append(string: trackerID)
    }
    if let warning {
      body.append("15:warning message")
      body.append(string: Array(warning.utf8))
    }
    body.append("e")
  }

  /// The whole body.
  var body: [UInt8] {
    let text = (trackerID?.count ?? 0) + (warning?.utf8.count ?? 0)
    let room = Self.longestFrame + text + peers.count * DescribedPeer.longestBody
    return [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      var body = OutputRawSpan(buffer: bytes, initializedCount: 0)
      writeBeginning(into: &body)
      write(peers, into: &body)
      writeEnd(into: &body)
      count = body.finalize(for: bytes)
    }
  }

  private func write(_ peers: PeerList, into body: inout OutputRawSpan) {
    switch peers {
    case .compact(let v4, let v6):
      Self.writeKey(of: .v4, count: v4.count, into: &body)
      for byte in v4.bytes { body.append(byte) }
      guard !v6.isEmpty else { return }
      Self.writeKey(of: .v6, count: v6.count, into: &body)
      for byte in v6.bytes { body.append(byte) }
    case .described(let peers):
      body.append("5:peersl")
      for peer in peers { peer.write(into: &body) }
      body.append("e")
    }
  }
}

extension DescribedPeer {
  /// Bytes: two ends, three keys, an IPv6 address in text, a peer id and a port.
  fileprivate static let longestBody = 128

  fileprivate func write(into body: inout OutputRawSpan) {
    body.append("d2:ip")
    body.append(string: Array(endpoint.address.description.utf8))
    if let id {
      body.append("7:peer id")
      body.append(string: id.bytes)
    }
    body.append("4:port", Int(endpoint.port))
    body.append("e")
  }
}

extension OutputRawSpan {
  mutating func append(_ text: StaticString) {
    for offset in 0..<text.utf8CodeUnitCount { append(text.utf8Start[offset]) }
  }

  mutating func append(decimal number: Int) {
    var divisor = 1
    while number / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
      divisor /= 10
    }
  }

  /// - Precondition: the number is not below zero.
  fileprivate mutating func append(_ key: StaticString, _ number: Int) {
    append(key)
    append("i")
    append(decimal: number)
    append("e")
  }

  fileprivate mutating func append(string bytes: [UInt8]) {
    append(decimal: bytes.count)
    append(":")
    for byte in bytes { append(byte) }
  }
}
