import Storage
import TorrentModel

/// The file of `--ip-filter`.
enum FilterFile {
  static func read(_ path: String) throws(CommandError) -> AddressFilter {
    let bytes: [UInt8]?
    do {
      bytes = try WholeFile.read(at: path, atMost: AddressFilter.longestFile)
    } catch {
      throw CommandError(error)
    }
    guard let bytes else {
      throw .usage("there is no such IP filter", on: path, remedy: "check the path")
    }
    switch AddressFilter.read(bytes) {
    case .filter(let filter): return filter
    case .unreadable(let line):
      throw .usage(
        "line \(line) is no range of addresses", on: path,
        remedy: "write it as p2p, dat or CIDR lines; # begins a remark")
    }
  }
}
