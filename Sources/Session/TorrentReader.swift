public import Networking
import Storage
import SwarmLogic
import TorrentModel

/// Reads a range of a torrent in order, while it is being fetched: what it comes to next is fetched
/// first.
///
/// Lives on the session's loop. The invariant: `position` is the next byte to be handed out, and the
/// swarm's windows are those of the readers that have not ended, the latest first.
public final class TorrentReader: HTTPBodySource {
  public let range: Range<UInt64>
  public private(set) var position: UInt64
  /// Called when there may be more to take.
  public var hasMore: (() -> Void)?
  private weak var runner: TorrentRunner?

  init(_ range: Range<UInt64>, of runner: TorrentRunner) {
    self.range = range
    position = range.lowerBound
    self.runner = runner
  }

  public var isAtEnd: Bool { position >= range.upperBound }

  /// The next bytes; nil while they are not here.
  ///
  /// - Throws: where they cannot be read any more.
  public func take(atMost count: Int) throws(HTTPBodyEnded) -> [UInt8]? {
    guard let runner, runner.phase != .stopped else { throw HTTPBodyEnded() }
    guard let info = runner.info, let storage = runner.storage, let have = runner.swarm.have else {
      return nil
    }
    let pieceLength = UInt64(info.geometry.pieceLength)
    let first = PieceIndex(Int(position / pieceLength))
    guard !isAtEnd, have[first] else { return nil }
    let pieceEnd = info.geometry.offset(of: first) + UInt64(info.geometry.length(of: first))
    let end = min(range.upperBound, pieceEnd, position + UInt64(count))
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Int(end - position), alignment: 16)
    defer { buffer.deallocate() }
    do {
      try storage.read(into: buffer, at: position)
    } catch {
      throw HTTPBodyEnded()
    }
    position = end
    if position == pieceEnd || isAtEnd { runner.moveWindows() }
    return Array(buffer)
  }

  public func ended() { runner?.forget(self) }

  /// The pieces to fetch first, for this reader.
  func window(_ info: TorrentInfo) -> Range<Int> {
    ReadingWindow.pieces(from: position, to: range.upperBound, in: info.geometry)
  }
}

extension TorrentRunner {
  /// A reader of a file, by its number in the torrent; nil before the torrent is known.
  ///
  /// - Parameter part: offsets within the file; clamped to it.
  public func reader(ofFile file: Int, _ part: Range<UInt64>) -> TorrentReader? {
    guard let info, info.layout.files.indices.contains(file) else { return nil }
    let entry = info.layout.files[file]
    let inFile = part.clamped(to: 0..<entry.length)
    let reader = TorrentReader(
      entry.offset + inFile.lowerBound..<entry.offset + inFile.upperBound, of: self)
    readers.insert(reader, at: 0)
    moveWindows()
    return reader
  }

  func forget(_ reader: TorrentReader) {
    readers.removeAll { $0 === reader }
    moveWindows()
  }

  /// Tells the swarm what is read next.
  func moveWindows() {
    guard let info, swarm.isReady else { return }
    tell(.reading(readers.filter { !$0.isAtEnd }.map { $0.window(info) }))
  }

  /// A piece has come: readers may wait for it.
  func wakeReaders() { for reader in readers { reader.hasMore?() } }
}
