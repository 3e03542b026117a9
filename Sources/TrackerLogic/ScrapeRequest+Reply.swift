import DeterministicCore
public import TorrentModel
public import TrackerWire

extension ScrapeRequest {
  /// The answer over HTTP.
  ///
  /// - Parameter find: the counts of a torrent, or `nil` when it is not tracked. The torrents of one
  ///   request may be in the care of several trackers.
  public func reply(
    _ policy: AnnouncePolicy, _ find: (InfoHash) -> ScrapeStatistics?
  ) -> ScrapeReply {
    // The whole list is the tracker's, not everyone's to have, and as long as it likes.
    guard !infoHashes.isEmpty else { return .failure(.fullScrape) }
    var response = ScrapeResponse(files: [])
    for infoHash in infoHashes.prefix(TrackerLimits.mostScrapedHashes) {
      if let counts = find(infoHash) { response.files.append(.init(infoHash, counts)) }
    }
    response.minRequestInterval = Int(policy.minInterval.seconds)
    return .success(response)
  }

  /// The answer by datagram, whose counts are told apart by their order alone: a torrent that is not
  /// tracked has none of anything.
  public func write(
    _ transactionID: UInt32, into datagram: inout OutputRawSpan,
    _ find: (InfoHash) -> ScrapeStatistics?
  ) {
    UDPTrackerResponse.writeScrape(transactionID, into: &datagram)
    for infoHash in infoHashes.prefix(TrackerLimits.mostScrapedHashes) {
      datagram.append(
        find(infoHash) ?? ScrapeStatistics(complete: 0, downloaded: 0, incomplete: 0))
    }
  }
}

extension TrackerFailure {
  fileprivate static let fullScrape = TrackerFailure("a scrape has to name its torrents")
}
