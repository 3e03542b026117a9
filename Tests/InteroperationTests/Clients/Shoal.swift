import Foundation

/// The binary under test, which prints a line that begins with `complete` when it has everything.
final class Shoal: Client {
  let process: ChildProcess

  init(_ options: ClientOptions, in arena: Arena) throws {
    var arguments: [String]
    if options.seeds {
      arguments = ["seed", options.source, "--data", options.folder.path]
    } else {
      // Once complete it stays for whoever still needs it; the arena ends it.
      arguments = ["get", options.source, "--output", options.folder.path, "--seed-time", "1h"]
      if options.downloadLimit > 0 {
        arguments += ["--down", "\(options.downloadLimit / 1024)K/s"]
      }
    }
    arguments += ["--listen", "\(options.address)"]
    process = try arena.start("shoal-\(options.address.port)", try Arena.shoal(), arguments)
  }

  func isComplete() -> Bool {
    process.output().split(separator: "\n").contains { $0.hasPrefix("complete ") }
  }
}
