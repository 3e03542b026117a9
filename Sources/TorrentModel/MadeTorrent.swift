/// A `.torrent` file that was just put together.
public struct MadeTorrent: Sendable {
  /// Its bytes.
  public let document: [UInt8]
  /// What it is called, and what it says of where its peers are, as whoever reads it finds it.
  public let magnet: MagnetLink
}
