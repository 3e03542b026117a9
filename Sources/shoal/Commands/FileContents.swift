import Glibc
import TorrentModel

/// Small whole files, read with a bound.
enum FileContents {
  /// The contents of a `.torrent` file; `-` is standard input.
  static func read(_ path: String) throws(CommandError) -> [UInt8] {
    if path == "-" { return try readAll(STDIN_FILENO, of: "standard input") }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("cannot open the file", on: path, errno) }
    defer { close(descriptor) }
    return try readAll(descriptor, of: path)
  }

  private static func readAll(_ descriptor: Int32, of path: String) throws(CommandError) -> [UInt8]
  {
    let limit = Metainfo.longestDocument
    var contents: [UInt8] = []
    var end = false
    while !end {
      guard contents.count <= limit else {
        throw CommandError(
          .badMetainfo, "longer than the \(Format.size(UInt64(limit))) a .torrent file may have",
          on: path, remedy: "give a .torrent file, not the data")
      }
      let room = max(64 << 10, contents.count)
      let start = contents.count
      var code: Int32 = 0
      let more = [UInt8](unsafeUninitializedCapacity: room) { space, count in
        var got: Int
        repeat {
          got = Glibc.read(descriptor, space.baseAddress, room)
        } while got < 0 && errno == EINTR
        code = got < 0 ? errno : 0
        count = max(0, got)
      }
      guard code == 0 else { throw failure("cannot read the file", on: path, code) }
      contents += more
      end = contents.count == start
    }
    return contents
  }

  /// A path that names nothing readable is the caller's mistake; anything else is the disk's.
  static func failure(_ message: String, on path: String, _ code: Int32) -> CommandError {
    let reason = String(cString: strerror(code))
    switch code {
    case ENOENT, ENOTDIR, EISDIR, ENAMETOOLONG:
      return .usage("\(message): \(reason)", on: path, remedy: "check the path")
    case EACCES, EPERM:
      return CommandError(
        .disk, "\(message): \(reason)", on: path, remedy: "check its owner and permissions")
    case ENOSPC, EDQUOT:
      return CommandError(.disk, "\(message): \(reason)", on: path, remedy: "make room")
    default:
      return CommandError(.disk, "\(message): \(reason)", on: path, remedy: "check the disk")
    }
  }
}
