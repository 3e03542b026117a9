import Foundation

/// The binary under test. A `get` that is not to stay must exit with 0 once it has everything; in any
/// case its last line then begins with `complete`.
final class Shoal: Client {
  let process: ChildProcess
  private let exitsWhenComplete: Bool

  init(_ options: ClientOptions, in arena: Arena) throws {
    var arguments: [String]
    if options.seeds {
      arguments = ["seed", options.source, "--data", options.folder.path]
    } else {
      arguments = ["get", options.source, "--output", options.folder.path]
      arguments += ["--seed-time", options.stays ? "1h" : "0"]
      if options.downloadLimit > 0 {
        arguments += ["--down", "\(options.downloadLimit / 1024)K/s"]
      }
    }
    arguments += ["--listen", "\(options.address)"]
    if !options.discoversLocally { arguments.append("--no-local-discovery") }
    switch options.encryption {
    case .off: break
    case .preferred, .handshake: arguments += ["--encryption", "preferred"]
    case .everything: arguments += ["--encryption", "required"]
    }
    if options.superSeeds { arguments.append("--super-seed") }
    if options.isVerbose { arguments.append("--verbose") }
    for peer in options.peers { arguments += ["--peer", "\(peer)"] }
    exitsWhenComplete = !options.seeds && !options.stays
    process = try arena.start("shoal-\(options.address.port)", try Arena.shoal(), arguments)
  }

  func isComplete() -> Bool {
    if exitsWhenComplete && process.exitCode() != 0 { return false }
    return process.output().split(separator: "\n").contains { $0.hasPrefix("complete ") }
  }
}
