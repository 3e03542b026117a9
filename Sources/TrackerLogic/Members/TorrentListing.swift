public import TorrentModel
public import TrackerWire

/// A torrent of a private tracker, by number.
public struct TorrentID: Hashable, Comparable, Sendable {
  public let number: Int64

  public init(_ number: Int64) { self.number = number }

  public static func < (left: TorrentID, right: TorrentID) -> Bool { left.number < right.number }
}

/// How much of what members move counts for their ratio, in percent: 100 is all of it, a download
/// of 0 is a freeleech.
public struct CreditTerms: Hashable, Sendable {
  public var uploadPercent: UInt16
  public var downloadPercent: UInt16

  public static let standard = CreditTerms(uploadPercent: 100, downloadPercent: 100)
  /// Ten times as much as was moved.
  public static let highestPercent: UInt16 = 1000

  public init(uploadPercent: UInt16, downloadPercent: UInt16) {
    self.uploadPercent = min(uploadPercent, Self.highestPercent)
    self.downloadPercent = min(downloadPercent, Self.highestPercent)
  }
}

/// A torrent as the announces of a private tracker are checked against it.
public struct TorrentListing: Hashable, Sendable {
  public var id: TorrentID
  public var infoHash: InfoHash
  public var terms: CreditTerms
  /// Was tracked once, and is refused.
  public var isRemoved: Bool

  public init(id: TorrentID, infoHash: InfoHash, terms: CreditTerms, isRemoved: Bool) {
    self.id = id
    self.infoHash = infoHash
    self.terms = terms
    self.isRemoved = isRemoved
  }
}

/// The torrents of a private tracker, in memory.
public struct TorrentList: Sendable {
  private var listings: [InfoHash: TorrentListing] = [:]

  public init() {}

  /// Torrents that are tracked.
  public var count: Int { listings.values.count { !$0.isRemoved } }

  public mutating func set(_ listing: TorrentListing) { listings[listing.infoHash] = listing }

  /// - Throws: for a torrent that is not tracked, or not any more.
  public func find(_ infoHash: InfoHash) throws(TrackerFailure) -> TorrentListing {
    guard let listing = listings[infoHash] else { throw .notRegistered }
    guard !listing.isRemoved else { throw .removed }
    return listing
  }
}

extension TrackerFailure {
  static let removed = TrackerFailure("the torrent was removed from this tracker", retry: .never)
}
