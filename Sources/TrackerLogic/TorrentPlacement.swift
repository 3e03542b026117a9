import Hashing
public import TorrentModel

/// Spreads torrents over several trackers, by a keyed hash: strangers choose info-hashes, and without
/// the secret cannot choose them to fall to one.
public struct TorrentPlacement: Sendable {
  private let key: SipHash.Key

  public init(secret: TrackerSecret) { key = secret.key }

  /// The number of the tracker in whose care the torrent is, in `0..<count`.
  public func shard(of infoHash: InfoHash, among count: Int) -> Int {
    Int(SwarmEntry.hash(infoHash, key).multipliedFullWidth(by: UInt64(count)).high)
  }
}
