public import TorrentModel
public import TrackerWire

/// One client's work on one torrent as a member, from `started` on. A client that announces over
/// both internets, or from a new address, is one session; one that is started again is another.
public struct CreditSession: Hashable, Sendable {
  public var member: MemberID
  public var torrent: TorrentID
  public var peerID: PeerID
  /// 0 where the client sends none.
  public var key: UInt32

  public init(member: MemberID, torrent: TorrentID, peerID: PeerID, key: UInt32) {
    self.member = member
    self.torrent = torrent
    self.peerID = peerID
    self.key = key
  }
}

/// What an announce of a member says, for the member's account.
public struct CreditReport: Sendable {
  public var session: CreditSession
  /// Payload bytes since `started`, as the client says.
  public var uploaded: UInt64
  public var downloaded: UInt64
  public var isSeed: Bool
  public var event: AnnounceEvent?
  public var terms: CreditTerms
  /// Seconds since 1970.
  public var time: Int64

  public init(
    _ request: AnnounceRequest, of member: MemberID, in listing: TorrentListing, time: Int64
  ) {
    session = CreditSession(
      member: member, torrent: listing.id, peerID: request.peerID, key: request.key ?? 0)
    uploaded = request.uploaded
    downloaded = request.downloaded
    isSeed = request.isSeed
    event = request.event
    terms = listing.terms
    self.time = time
  }

  /// Whether the peer wants something, or did until now.
  public var isTaker: Bool { !isSeed || event == .completed }
}

/// What is kept of a session: how much of what it said has been credited.
public struct CreditMark: Hashable, Sendable {
  public var uploaded: UInt64
  public var downloaded: UInt64
  public var isSeed: Bool
  /// Did not say farewell.
  public var isActive: Bool
  /// Seconds since 1970.
  public var lastSeen: Int64

  public init(
    uploaded: UInt64, downloaded: UInt64, isSeed: Bool, isActive: Bool, lastSeen: Int64
  ) {
    self.uploaded = uploaded
    self.downloaded = downloaded
    self.isSeed = isSeed
    self.isActive = isActive
    self.lastSeen = lastSeen
  }
}

/// What one announce adds to an account.
public struct Credit: Hashable, Sendable {
  /// Bytes as announced.
  public var movedUp: UInt64 = 0
  public var movedDown: UInt64 = 0
  /// Bytes that count for the ratio: `moved` by the torrent's terms.
  public var uploaded: UInt64 = 0
  public var downloaded: UInt64 = 0
  /// Seconds for which the session has been a seed.
  public var seedTime: Int64 = 0
  public var completes = false
  /// Seconds since the session's last announce; at least 1.
  public var elapsed: Int64 = 1

  public init() {}
}

/// The rule by which announces become credit.
///
/// A client says how much it has moved since `started`; the account gets what is more than the mark
/// of its session, and the mark moves there in the same transaction. So an announce that is sent
/// twice or comes by two ways adds nothing the second time, and one that is lost with the tracker is
/// made good by the next. In detail:
///
/// - Totals above the mark: the difference is credited.
/// - `started` of a session that has no mark: its totals are the mark, uncredited. What it moved
///   before it came is not this tracker's.
/// - `started` with totals below the mark: the client began anew, and the mark is set back; but
///   not of a session under way that was heard of a moment ago, which is a datagram sent twice.
/// - Any other announce below the mark is late or false: the mark stays.
/// - A session without a mark and without `started` was told of to a tracker that was killed before
///   it wrote: all that it says is credited.
/// - Time as a seed counts from announce to announce where the earlier one came from an active
///   seed, up to `patience`: longer silence was absence.
public enum Crediting {
  /// Seconds in which BEP 15 has a client send a datagram again, for the third time at most.
  private static let longestRepetition: Int64 = 60

  /// - Parameters:
  ///   - mark: of the report's session; `nil` when there is none.
  ///   - patience: seconds after which a silent peer is gone.
  /// - Returns: what to add, and the session's next mark.
  public static func settle(
    _ report: CreditReport, after mark: CreditMark?, patience: Int64
  ) -> (credit: Credit, mark: CreditMark) {
    var credit = Credit()
    var next = CreditMark(
      uploaded: report.uploaded, downloaded: report.downloaded, isSeed: report.isSeed,
      isActive: report.event != .stopped, lastSeen: report.time)
    let base: (uploaded: UInt64, downloaded: UInt64)
    if let mark {
      let fellBack = report.uploaded < mark.uploaded || report.downloaded < mark.downloaded
      let isRepeated =
        mark.isActive && report.time - mark.lastSeen <= Self.longestRepetition
      if fellBack, report.event == .started, !isRepeated {
        base = (report.uploaded, report.downloaded)
      } else {
        base = (mark.uploaded, mark.downloaded)
        next.uploaded = max(report.uploaded, mark.uploaded)
        next.downloaded = max(report.downloaded, mark.downloaded)
      }
      // The clock of the wall may be set back.
      let silence = max(0, report.time - mark.lastSeen)
      credit.elapsed = max(1, silence)
      if mark.isActive, mark.isSeed, silence <= patience { credit.seedTime = silence }
      credit.completes = report.event == .completed && report.isSeed && !mark.isSeed
      next.lastSeen = max(report.time, mark.lastSeen)
    } else {
      base = report.event == .started ? (report.uploaded, report.downloaded) : (0, 0)
      credit.completes = report.event == .completed && report.isSeed
      credit.elapsed = patience
    }
    credit.movedUp = next.uploaded - base.uploaded
    credit.movedDown = next.downloaded - base.downloaded
    credit.uploaded = credit.movedUp.scaled(byPercent: report.terms.uploadPercent)
    credit.downloaded = credit.movedDown.scaled(byPercent: report.terms.downloadPercent)
    return (credit, next)
  }
}

extension UInt64 {
  /// Rounds down and saturates.
  func scaled(byPercent percent: UInt16) -> UInt64 {
    if percent == 100 { return self }
    let (high, low) = multipliedFullWidth(by: UInt64(percent))
    return high < 100 ? UInt64(100).dividingFullWidth((high, low)).quotient : .max
  }
}
