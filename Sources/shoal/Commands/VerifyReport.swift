import DeterministicCore
import Storage
import TorrentModel

/// What a check of data against its metainfo has found.
///
/// The invariant: `files` names every file that a failing piece touches or whose length is not the
/// torrent's, and no other.
struct VerifyReport {
  /// A file that is not as the torrent says.
  struct File: Hashable, Sendable {
    enum State: String, Sendable {
      case missing, short, long, damaged, uncertain
    }

    let path: String
    let state: State
    let length: UInt64
    /// Bytes in it; `nil` when it is missing.
    let lengthOnDisk: UInt64?
    let badPieces: [ClosedRange<Int>]
  }

  let info: TorrentInfo
  let files: [File]
  let goodPieces: Int
  let badPieces: [ClosedRange<Int>]
  let time: TimeSpan

  init(
    _ info: TorrentInfo, good: Bitfield, in storage: FileStorage, time: TimeSpan
  ) throws(StorageError) {
    var lengths: [UInt64?] = []
    for index in info.layout.files.indices {
      lengths.append(try storage.lengthOnDisk(of: index))
    }
    self.init(info, good: good, lengthsOnDisk: lengths, time: time)
  }

  /// - Parameter lengthsOnDisk: of each file; `nil` for one that is missing.
  init(_ info: TorrentInfo, good: Bitfield, lengthsOnDisk: [UInt64?], time: TimeSpan) {
    self.info = info
    self.time = time
    goodPieces = good.setCount
    badPieces = PieceRanges.missing(from: good, in: 0..<info.geometry.pieceCount)

    let layout = info.layout
    // Pieces that fail because of a file that is not there or has another length.
    var explained = Bitfield(count: info.geometry.pieceCount)
    for (file, length) in zip(layout.files, lengthsOnDisk) where length ?? 0 < file.length {
      for piece in info.geometry.pieces(offset: file.offset, length: file.length) {
        explained.insert(PieceIndex(piece))
      }
    }
    files = layout.files.indices.compactMap { index in
      let file = layout.files[index]
      let length = lengthsOnDisk[index]
      let pieces = info.geometry.pieces(offset: file.offset, length: file.length)
      let bad = PieceRanges.missing(from: good, in: pieces)
      let state: File.State
      switch length {
      case nil: state = .missing
      case let length? where length < file.length: state = .short
      case let length? where length > file.length: state = .long
      case _ where bad.isEmpty: return nil
      case _ where bad.allSatisfy({ $0.allSatisfy { explained[PieceIndex($0)] } }):
        state = .uncertain
      default: state = .damaged
      }
      return File(
        path: layout.pathBelowDownloadFolder(of: index).joined(separator: "/"), state: state,
        length: file.length, lengthOnDisk: length, badPieces: bad)
    }
  }

  var matches: Bool { files.isEmpty && badPieces.isEmpty }

  /// Why it does not match, in one line.
  var verdict: String {
    "the data does not match: \(files.count) of \(Format.count(info.layout.files.count, "file")) "
      + "and \(info.geometry.pieceCount - goodPieces) of "
      + "\(Format.count(info.geometry.pieceCount, "piece")) are wrong"
  }

  // MARK: Showing

  /// Files that people are shown; `--verbose` shows them all.
  private static let filesShown = 20

  func show(on console: Console) {
    for file in files { console.event(event(of: file)) }
    console.event(event)
    let shown = console.detail == .verbose ? files.count : Self.filesShown
    for file in files.prefix(shown) { console.result(line(of: file)) }
    if files.count > shown {
      console.result("… and \(files.count - shown) more (--verbose lists them all)")
    }
    if !badPieces.isEmpty { console.result("bad pieces " + PieceRanges.text(badPieces)) }
    if matches {
      console.result(
        "verified \(SafeText.visible(info.name)) \(Format.size(info.layout.totalLength)), "
          + "\(Format.count(info.layout.files.count, "file")), "
          + "\(Format.count(info.geometry.pieceCount, "piece")) in \(Format.duration(time))")
    }
  }

  private func line(of file: File) -> String {
    var text = TextColumns.pad(file.state.rawValue, to: 11) + SafeText.visible(file.path)
    switch (file.state, file.lengthOnDisk) {
    case (.short, let length?), (.long, let length?):
      text += "  (\(length) bytes instead of \(file.length))"
    case (.damaged, _), (.uncertain, _):
      text +=
        "  (piece\(file.badPieces.count == 1 && file.badPieces[0].count == 1 ? "" : "s") "
        + PieceRanges.text(file.badPieces) + ")"
    default: break
    }
    return text
  }

  private func event(of file: File) -> JSONValue {
    .event(
      .file,
      [
        ("infoHash", .string(info.infoHash.description)),
        ("path", .string(file.path)),
        ("state", .string(file.state.rawValue)),
        ("size", .unsigned(file.length)),
        ("sizeOnDisk", file.lengthOnDisk.map { .unsigned($0) } ?? .null),
        ("badPieces", PieceRanges.json(file.badPieces)),
      ])
  }

  private var event: JSONValue {
    .event(
      .checked,
      [
        ("name", .string(info.name)),
        ("infoHash", .string(info.infoHash.description)),
        ("size", .unsigned(info.layout.totalLength)),
        ("matches", .bool(matches)),
        ("files", .integer(Int64(info.layout.files.count))),
        ("badFiles", .integer(Int64(files.count))),
        ("pieces", .integer(Int64(info.geometry.pieceCount))),
        ("goodPieces", .integer(Int64(goodPieces))),
        ("badPieces", PieceRanges.json(badPieces)),
        ("seconds", .decimal(time.seconds)),
      ])
  }
}

/// Runs of neighbouring pieces, for people and programs.
enum PieceRanges {
  /// The runs of pieces of `range` that are not in `good`.
  static func missing(from good: Bitfield, in range: Range<Int>) -> [ClosedRange<Int>] {
    var runs: [ClosedRange<Int>] = []
    for piece in range where !good[PieceIndex(piece)] {
      if let last = runs.last, last.upperBound == piece - 1 {
        runs[runs.count - 1] = last.lowerBound...piece
      } else {
        runs.append(piece...piece)
      }
    }
    return runs
  }

  /// Runs that a line names: a torn disk has thousands.
  private static let runsShown = 20

  /// `0-3, 7`
  static func text(_ runs: [ClosedRange<Int>]) -> String {
    let texts = runs.prefix(runsShown).map { run in
      run.count == 1 ? "\(run.lowerBound)" : "\(run.lowerBound)-\(run.upperBound)"
    }
    let rest = runs.count - texts.count
    return texts.joined(separator: ", ") + (rest > 0 ? " and \(rest) more runs" : "")
  }

  /// Pairs of the first and the last piece of each run.
  static func json(_ runs: [ClosedRange<Int>]) -> JSONValue {
    .array(
      runs.map { .array([.integer(Int64($0.lowerBound)), .integer(Int64($0.upperBound))]) })
  }
}
