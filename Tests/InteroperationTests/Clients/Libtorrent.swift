import Foundation

/// libtorrent through its Python bindings; the script prints a line when it has everything.
final class Libtorrent: Client {
  let process: ChildProcess

  init(_ options: ClientOptions, in arena: Arena) throws {
    var arguments = [
      "run", options.source, "--dir", options.folder.path, "--listen", "\(options.address)",
      "--download-limit", String(options.downloadLimit),
    ]
    if options.uploadLimit > 0 { arguments += ["--upload-limit", "\(options.uploadLimit)"] }
    for peer in options.peers { arguments += ["--peer", "\(peer)"] }
    if options.discoversLocally { arguments.append("--local-discovery") }
    if options.superSeeds { arguments.append("--super-seed") }
    arguments += ["--encryption", options.encryption.rawValue]
    process = try arena.start(
      "libtorrent-\(options.address.port)", Arena.support.appending(path: "libtorrent-peer").path,
      arguments)
  }

  func isComplete() -> Bool { process.output().split(separator: "\n").contains("complete") }
}
