public import TorrentModel

// The parts of a tracker's datagrams (BEP 15), each written where it is sent from: an answer
// assembled of them costs no allocation, however many peers it names.

extension UDPTrackerResponse {
  public static func writeConnect(
    _ connectionID: UInt64, _ transactionID: UInt32, into datagram: inout OutputRawSpan
  ) {
    writeHead(UDPTrackerAction.connect, transactionID, into: &datagram)
    datagram.append(bigEndian: connectionID)
  }

  /// All of an answer to an announce but its peers, which are to follow: `mostPeers` of one family
  /// at most.
  ///
  /// - Parameter interval: seconds.
  public static func writeAnnounce(
    _ transactionID: UInt32, interval: Int, incomplete: Int, complete: Int,
    into datagram: inout OutputRawSpan
  ) {
    writeHead(UDPTrackerAction.announce, transactionID, into: &datagram)
    datagram.append(bigEndian: UInt32(clamping: interval))
    datagram.append(bigEndian: UInt32(clamping: incomplete))
    datagram.append(bigEndian: UInt32(clamping: complete))
  }

  /// All of an answer to a scrape but its counts, which are to follow in the order asked for.
  public static func writeScrape(_ transactionID: UInt32, into datagram: inout OutputRawSpan) {
    writeHead(UDPTrackerAction.scrape, transactionID, into: &datagram)
  }

  public static func writeError(
    _ failure: TrackerFailure, _ transactionID: UInt32, into datagram: inout OutputRawSpan
  ) {
    writeHead(UDPTrackerAction.error, transactionID, into: &datagram)
    for byte in failure.reason.utf8.prefix(TrackerLimits.longestText) { datagram.append(byte) }
  }

  private static func writeHead(
    _ action: UInt32, _ transactionID: UInt32, into datagram: inout OutputRawSpan
  ) {
    datagram.append(bigEndian: action)
    datagram.append(bigEndian: transactionID)
  }
}

extension OutputRawSpan {
  /// A peer in the compact form of its family.
  @inlinable
  public mutating func append(_ peer: Endpoint) {
    switch peer.address {
    case .v4(let word):
      append(bigEndian: word)
    case .v6(let high, let low):
      append(bigEndian: high)
      append(bigEndian: low)
    }
    append(bigEndian: peer.port)
  }

  public mutating func append(_ counts: ScrapeStatistics) {
    append(bigEndian: UInt32(clamping: counts.complete))
    append(bigEndian: UInt32(clamping: counts.downloaded))
    append(bigEndian: UInt32(clamping: counts.incomplete))
  }

  @inlinable
  mutating func append<Word: FixedWidthInteger & BitwiseCopyable>(bigEndian word: Word) {
    append(word.bigEndian, as: Word.self)
  }
}
