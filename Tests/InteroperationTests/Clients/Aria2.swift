import Foundation

/// aria2c, which tells by a hook that it has everything.
final class Aria2: Client {
  let process: ChildProcess
  private let marker: URL

  init(_ options: ClientOptions, in arena: Arena) throws {
    let name = "aria2-\(options.address.port)"
    marker = arena.folder.appending(path: "\(name).complete")
    let hook = arena.folder.appending(path: "\(name).hook")
    // The hook is called with the path of the first file. Metadata that came by magnet link ends a
    // download of its own, whose path is no file's.
    try Data("#!/bin/sh\n[ -e \"$3\" ] && : >'\(marker.path)'\n".utf8).write(to: hook)
    chmod(hook.path, 0o755)

    var arguments = [
      "--no-conf", "--dir", options.folder.path, "--interface", options.address.host,
      "--listen-port", String(options.address.port), "--enable-dht=false", "--enable-dht6=false",
      "--bt-enable-lpd=false", "--bt-tracker-interval=5", "--seed-ratio=0.0",
      "--file-allocation=none", "--summary-interval=0", "--console-log-level=notice",
      "--show-console-readout=false", "--enable-color=false",
      "--max-download-limit=\(options.downloadLimit)",
      "--on-bt-download-complete=\(hook.path)",
    ]
    if options.seeds { arguments += ["--check-integrity=true"] }
    if options.encryption { arguments += ["--bt-min-crypto-level=arc4"] }
    process = try arena.start(name, "aria2c", arguments + [options.source])
  }

  func isComplete() -> Bool { FileManager.default.fileExists(atPath: marker.path) }
}
