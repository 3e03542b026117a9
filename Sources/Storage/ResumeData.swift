public import TorrentModel

/// What a client keeps of an unfinished download between two runs, so that the second fetches
/// nothing and hashes little again.
///
/// The invariant: it is a claim and never the truth. A piece is believed unread only while every
/// file it touches looks exactly as it did when the claim was made (`trustedPieces`); whatever is
/// not claimed may still be on the disk, and is looked for there.
public struct ResumeData: Sendable {
  /// The torrent, so that a magnet link goes on without asking peers for it (BEP 9).
  public var info: TorrentInfo
  /// Pieces that were verified, and on the disk before `marks` were taken.
  public var have: Bitfield
  /// How each file of the layout looked.
  public var marks: [FileMark] = []
  /// Payload bytes, over all runs.
  public var downloaded: UInt64 = 0
  public var uploaded: UInt64 = 0
  /// Peers that were connected, by where they can be dialled.
  public var peers: [Endpoint] = []

  /// Peers kept at the most.
  public static let mostPeers = 50

  /// - Precondition: the bitfield is the torrent's.
  public init(info: TorrentInfo, have: Bitfield) {
    precondition(have.count == info.geometry.pieceCount, "a bitfield of another torrent")
    self.info = info
    self.have = have
  }

  /// The claimed pieces of which no file has changed.
  ///
  /// - Parameter present: how the files look at the moment, from the same storage.
  public func trustedPieces(_ present: [FileMark]) -> Bitfield {
    let files = info.layout.files
    guard marks.count == files.count, present.count == files.count else {
      return Bitfield(count: have.count)
    }
    var trusted = have
    for (index, file) in files.enumerated() where file.length > 0 {
      // A file of another length is not the torrent's, whatever was claimed of it.
      if present[index] == marks[index], present[index].length == file.length { continue }
      for piece in info.geometry.pieces(offset: file.offset, length: file.length) {
        trusted.remove(PieceIndex(piece))
      }
    }
    return trusted
  }
}
