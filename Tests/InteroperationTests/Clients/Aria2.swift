import Foundation

/// aria2c, whose hook prints a line when it has everything.
final class Aria2: Client {
  let process: ChildProcess

  init(_ options: ClientOptions, in arena: Arena) throws {
    let name = "aria2-\(options.address.port)"
    let hook = Arena.support.appending(path: "aria2-complete").path
    var arguments = [
      "--no-conf", "--dir", options.folder.path, "--interface", options.address.host,
      "--listen-port", String(options.address.port), "--enable-dht=false", "--enable-dht6=false",
      "--bt-enable-lpd=false", "--bt-tracker-interval=5", "--seed-ratio=0.0",
      "--file-allocation=none", "--summary-interval=0", "--console-log-level=notice",
      "--show-console-readout=false", "--enable-color=false",
      "--max-download-limit=\(options.downloadLimit)",
      "--on-bt-download-complete=\(hook)",
    ]
    if options.seeds { arguments += ["--check-integrity=true"] }
    switch options.encryption {
    case .off: break
    case .preferred: arguments += ["--bt-min-crypto-level=arc4"]
    case .handshake: arguments += ["--bt-require-crypto", "--bt-min-crypto-level=plain"]
    case .everything: arguments += ["--bt-force-encryption"]
    }
    process = try arena.start(name, "aria2c", arguments + [options.source])
  }

  /// At SIGTERM it is in too much of a hurry.
  func leave() { process.end(with: SIGINT) }

  func isComplete() -> Bool { process.output().split(separator: "\n").contains("complete") }
}
