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
    // One byte beyond the limit tells a file that is too long; what is not touched costs nothing.
    let limit = Metainfo.longestDocument
    var code: Int32 = 0
    let contents = [UInt8](unsafeUninitializedCapacity: limit + 1) { space, count in
      while count < space.count {
        let got = Glibc.read(descriptor, space.baseAddress! + count, space.count - count)
        if got < 0, errno == EINTR { continue }
        if got < 0 { code = errno }
        guard got > 0 else { return }
        count += got
      }
    }
    guard code == 0 else { throw failure("cannot read the file", on: path, code) }
    guard contents.count <= limit else {
      throw CommandError(
        .badMetainfo, "longer than the \(Format.size(UInt64(limit))) a .torrent file may have",
        on: path, remedy: "give a .torrent file, not the data")
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
