import DeterministicCore
import Glibc
import Networking
import Storage
import TorrentModel

/// Content that has been hashed and only lacks what a person or a port decides.
struct HashedContent {
  /// What was hashed.
  let content: MetainfoCreator
  private let hashes: [PieceHashes]

  /// Hashes a path, with progress.
  init(_ path: String, _ options: CreationOptions, console: Console) throws(CommandError) {
    do {
      content = try MetainfoCreator(
        path: path, name: options.name, pieceLength: options.pieceLength,
        version: options.version, rules: options.rules)
    } catch {
      throw CommandError(error)
    }
    let surprising = content.skipped.filter { !$0.reason.isWanted }
    for item in surprising.prefix(Self.mostSkippedShown) {
      console.note("left out \(SafeText.visible(item.path)): \(item.reason.text)")
    }
    if surprising.count > Self.mostSkippedShown {
      console.note("left out \(surprising.count - Self.mostSkippedShown) more")
    }
    if options.version == nil, content.version == .v1 {
      console.note(
        "made for version 1 alone: in version 2 each of the \(content.layout.files.count) files would "
          + "begin a piece; --hybrid makes both all the same")
    }
    hashes = try Self.hash(content, console: console)
  }

  /// Puts the `.torrent` file together.
  func torrent(_ options: CreationOptions) throws(CommandError) -> MadeTorrent {
    do {
      return try builder(options).torrent(hashes: hashes)
    } catch {
      throw unreadable(error)
    }
  }

  /// Puts the `.torrent` file together and reads it, for whoever goes on with what it says.
  ///
  /// - Returns: its bytes, and what they say.
  func metainfo(_ options: CreationOptions) throws(CommandError) -> ([UInt8], Metainfo) {
    let document = builder(options).document(hashes: hashes)
    do {
      return (document, try Metainfo(document))
    } catch {
      throw unreadable(error)
    }
  }

  private func builder(_ options: CreationOptions) -> MetainfoBuilder {
    var builder = content.builder
    options.apply(to: &builder, date: Self.date)
    return builder
  }

  private func unreadable(_ error: MetainfoError) -> CommandError {
    CommandError(
      .failure, "the torrent would be one that nobody reads: \(error)",
      on: content.layout.name, remedy: "share less at once, or give a larger --piece-length")
  }

  /// Items left out that are named to people; programs get them all.
  private static let mostSkippedShown = 20

  private static func hash(
    _ content: MetainfoCreator, console: Console
  ) throws(CommandError) -> [PieceHashes] {
    var progress = ScanProgress(TransferSnapshot(hashing: content.layout), console: console)
    defer { _ = progress.end() }
    do {
      return try content.hash(cancellation: Interruption.cancellation) { progress.update($0) }
    } catch {
      throw CommandError(error)
    }
  }

  /// The date to write: that of SOURCE_DATE_EPOCH (reproducible-builds.org), or now.
  private static var date: Int64 {
    getenv("SOURCE_DATE_EPOCH").flatMap { Int64(String(cString: $0)) } ?? Int64(WallClock.now())
  }
}

/// A torrent that was just made and written to its file.
struct CreatedTorrent {
  /// Its names, and where its peers are.
  let magnet: MagnetLink
  /// Where its `.torrent` file is.
  let file: String
  /// What it was made of.
  let content: MetainfoCreator

  /// Hashes a path, with progress, and writes the `.torrent` file.
  ///
  /// - Parameter output: the file to write; by default NAME.torrent in the current folder.
  init(
    _ path: String, _ options: CreationOptions, output: String?, console: Console
  ) throws(CommandError) {
    // Before hours of hashing are lost on it.
    if let output { try FileContents.checkWritable(output) }
    let hashed = try HashedContent(path, options, console: console)
    content = hashed.content
    file = output ?? content.layout.name + ".torrent"
    let torrent = try hashed.torrent(options)
    magnet = torrent.magnet
    try FileContents.write(torrent.document, to: file)
  }

  /// The `created` event.
  var event: JSONValue {
    .event(
      .created,
      [
        ("name", .string(magnet.displayName ?? content.layout.name)),
        ("infoHash", .string(magnet.infoHash.description)),
        ("infoHashV2", .optional(magnet.infoHashV2?.description)),
        ("size", .unsigned(content.layout.totalLength)),
        ("pieceLength", .integer(Int64(content.geometry.pieceLength))),
        ("pieces", .integer(Int64(content.geometry.pieceCount))),
        ("file", .string(file)),
        ("magnet", .string(magnet.text)),
        ("skipped", .strings(content.skipped.map(\.path))),
      ])
  }
}

extension SkippedItem.Reason {
  var text: String {
    switch self {
    case .symbolicLink: "a symbolic link"
    case .specialFile: "a device, pipe or socket"
    case .emptyFolder: "an empty folder"
    case .deadLink: "a link that leads nowhere"
    case .loop: "a link to a folder that it lies in"
    case .leadsOut: "a link that leads to nothing in the torrent"
    case .hidden: "hidden"
    case .excluded: "excluded"
    }
  }
}

extension CommandError {
  /// What the disk refused. The storage's own text names the path and the mend.
  init(_ error: StorageError) {
    let code: ExitCode
    switch error.cause {
    case .cancelled: code = .incomplete
    case .nothingToShare, .nameNotText, .unacceptable: code = .usage
    case .notAFile where error.operation == .share: code = .usage
    case _ where error.isMissing && error.operation == .open: code = .usage
    default: code = .disk
    }
    self.init(code, "\(error)")
  }
}
