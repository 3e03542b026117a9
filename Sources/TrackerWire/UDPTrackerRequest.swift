import Hashing
import TorrentModel

/// A client's datagram (BEP 15).
public struct UDPTrackerRequest: Hashable, Sendable {
  public enum Body: Hashable, Sendable {
    /// Asks for a connection ID, to prove that the source address is the client's own.
    case connect
    /// `urlData` is path and query of the tracker's URL (BEP 41); empty where the client sent none.
    case announce(AnnounceRequest, connectionID: UInt64, urlData: [UInt8])
    case scrape(ScrapeRequest, connectionID: UInt64)
  }

  /// Chosen by the client and returned with the answer.
  public var transactionID: UInt32
  public var body: Body

  public init(transactionID: UInt32, body: Body) {
    self.transactionID = transactionID
    self.body = body
  }

  /// Stands for a connection ID in a connect request and tells the protocol from noise.
  static let protocolID: UInt64 = 0x417_2710_1980
  static let connectLength = 16
  static let announceLength = 98
}

/// What a datagram is, by number.
enum UDPTrackerAction {
  static let connect: UInt32 = 0
  static let announce: UInt32 = 1
  static let scrape: UInt32 = 2
  static let error: UInt32 = 3
}

extension UDPTrackerRequest {
  public init(_ datagram: RawSpan) throws(TrackerWireError) {
    try datagram.require(Self.connectLength)
    let connectionID = datagram.word64(at: 0)
    transactionID = datagram.word32(at: 12)
    switch datagram.word32(at: 8) {
    case UDPTrackerAction.connect:
      guard connectionID == Self.protocolID else { throw .notProtocol }
      body = .connect
    case UDPTrackerAction.announce:
      try datagram.require(Self.announceLength)
      body = .announce(
        try Self.announce(datagram), connectionID: connectionID,
        urlData: UDPTrackerOptions.urlData(in: datagram, from: Self.announceLength))
    case UDPTrackerAction.scrape:
      let length = datagram.byteCount - Self.connectLength
      guard length > 0, length.isMultiple(of: 20) else {
        throw .raggedDatagram(length: datagram.byteCount)
      }
      guard length / 20 <= TrackerLimits.mostScrapedHashes else { throw .tooManyHashes }
      var hashes: [InfoHash] = []
      hashes.reserveCapacity(length / 20)
      for offset in stride(from: Self.connectLength, to: datagram.byteCount, by: 20) {
        hashes.append(InfoHash(Bytes20(datagram, at: offset)))
      }
      body = .scrape(ScrapeRequest(hashes), connectionID: connectionID)
    case let action:
      throw .unknownAction(action)
    }
  }

  private static func announce(_ datagram: RawSpan) throws(TrackerWireError) -> AnnounceRequest {
    let eventNumber = datagram.word32(at: 80)
    let event = AnnounceEvent(rawValue: eventNumber)
    guard event != nil || eventNumber == 0 else { throw .malformed("event") }
    var request = AnnounceRequest(
      infoHash: InfoHash(Bytes20(datagram, at: 16)), peerID: PeerID(Bytes20(datagram, at: 36)),
      port: datagram.word16(at: 96), left: datagram.word64(at: 64))
    request.downloaded = datagram.word64(at: 56)
    request.uploaded = datagram.word64(at: 72)
    request.event = event
    let claimed = datagram.word32(at: 84)
    if claimed != 0 { request.claimedAddress = .v4(claimed) }
    request.key = datagram.word32(at: 88)
    let numWant = Int32(bitPattern: datagram.word32(at: 92))
    if numWant >= 0 { request.numWant = Int(numWant) }
    return request
  }

  /// - Precondition: a scrape names 1…74 info-hashes.
  public func encode(into bytes: inout [UInt8]) {
    switch body {
    case .connect:
      append(UDPTrackerAction.connect, Self.protocolID, to: &bytes)
    case .announce(let request, let connectionID, let urlData):
      append(UDPTrackerAction.announce, connectionID, to: &bytes)
      Self.append(request, to: &bytes)
      UDPTrackerOptions.append(urlData: urlData, to: &bytes)
    case .scrape(let request, let connectionID):
      precondition(
        (1...TrackerLimits.mostScrapedHashes).contains(request.infoHashes.count),
        "a scrape datagram names 1 to 74 torrents")
      append(UDPTrackerAction.scrape, connectionID, to: &bytes)
      for infoHash in request.infoHashes { bytes.append(contentsOf: infoHash.bytes) }
    }
  }

  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    encode(into: &bytes)
    return bytes
  }

  private func append(_ action: UInt32, _ connectionID: UInt64, to bytes: inout [UInt8]) {
    bytes.append(bigEndian: connectionID)
    bytes.append(bigEndian: action)
    bytes.append(bigEndian: transactionID)
  }

  private static func append(_ request: AnnounceRequest, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: request.infoHash.bytes)
    bytes.append(contentsOf: request.peerID.bytes)
    bytes.append(bigEndian: request.downloaded)
    bytes.append(bigEndian: request.left)
    bytes.append(bigEndian: request.uploaded)
    bytes.append(bigEndian: request.event?.rawValue ?? 0)
    if case .v4(let word)? = request.claimedAddress {
      bytes.append(bigEndian: word)
    } else {
      bytes.append(bigEndian: UInt32(0))
    }
    bytes.append(bigEndian: request.key ?? 0)
    bytes.append(bigEndian: request.numWant.map { Int32(clamping: $0) } ?? -1)
    bytes.append(bigEndian: request.port)
  }
}
