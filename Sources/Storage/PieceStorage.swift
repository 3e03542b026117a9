public import TorrentModel

/// Where a torrent's bytes are kept. Offsets are bytes from the start of the torrent, whose files
/// lie as its layout has them; padding between them reads as zeros, and nothing else is written
/// there.
///
/// The contract, which one test suite holds every implementation to:
/// - What `write` returned from is what `read` and `send` of the same range give, at once and from
///   any thread; it is on the disk after `sync` returned.
/// - Calls are safe from any thread. Two calls on overlapping ranges, one of them a write, leave
///   the overlap undefined and nothing else.
/// - Bytes that were never written read as zeros or fail with an error that `isAbsence`.
/// - A call that throws may have done a part of its work, and may be made again.
/// - A range beyond the torrent is a programmer's mistake.
public protocol PieceStorage: AnyObject, Sendable {
  var layout: FileLayout { get }

  /// Makes what exists without a byte: folders and empty files.
  func prepare() throws(StorageError)

  /// Writes all bytes, over as many files as they span.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError)

  /// Fills `bytes`; a file that is missing or too short is an error.
  func read(into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError)

  /// Offers a range for sendfile(2), one file after the other. `body` gets an open descriptor, where
  /// the part starts in that file and its length, and returns how many bytes it took; fewer than
  /// offered ends the walk. The descriptor is valid only while `body` runs.
  ///
  /// Nobody has looked whether the file is as long as it should be: sendfile(2) taking 0 bytes says
  /// that it is not. - Returns: bytes taken in all.
  func send(
    offset: UInt64, length: Int,
    _ body: (_ descriptor: Int32, _ fileOffset: Int64, _ length: Int) -> Int
  ) throws(StorageError) -> Int

  /// What is known about a range without reading it.
  func presence(offset: UInt64, length: UInt64) throws(StorageError) -> DataPresence

  /// Hints that the range will be read soon. Never fails, seldom waits.
  func readAhead(offset: UInt64, length: UInt64)

  /// Brings what was written to the disk.
  func sync() throws(StorageError)

  /// What each file of the layout looks like at the moment; none where the bytes lie in no files.
  func marks() -> [FileMark]
}

/// What a range holds, as far as the file system tells.
public enum DataPresence: Sendable {
  /// A file of the range is missing or ends before it.
  case absent
  /// The range was never written and reads as zeros.
  case hole
  /// Something was written into a part of the range.
  case data
}

extension PieceStorage {
  public func marks() -> [FileMark] { [] }

  /// Stops a caller that lost track of the torrent's length.
  func check(offset: UInt64, length: UInt64) {
    let (end, overflow) = offset.addingReportingOverflow(length)
    precondition(!overflow && end <= layout.extent, "a range beyond the torrent")
  }
}
