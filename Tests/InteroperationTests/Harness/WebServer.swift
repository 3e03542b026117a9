import Foundation

/// nginx, serving a folder.
final class WebServer {
  let process: ChildProcess
  let address: SocketAddress
  private let folder: URL

  /// Starts it and returns when it accepts connections.
  ///
  /// - Parameter rate: bytes a second of one connection; 0 is without limit.
  init(serving root: URL, rate: Int = 0, rules: String = "", in arena: Arena) async throws {
    address = try Arena.allocateAddress()
    let folder = try arena.makeFolder("nginx-\(address.port)")
    self.folder = folder
    let configuration = folder.appending(path: "nginx.conf")
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
      "\($0)_temp_path \(folder.path)/\($0);"
    }.joined(separator: " ")
    try Data(
      """
      daemon off; master_process off; pid \(folder.path)/pid; error_log stderr warn;
      events {}
      http {
        access_log \(folder.path)/access; \(temporary)
        server {
          listen \(address); root "\(root.path)"; limit_rate \(rate);
          \(rules)
        }
      }
      """.utf8
    ).write(to: configuration)
    process = try arena.start(
      "nginx-\(address.port)", "/usr/sbin/nginx", ["-e", "stderr", "-c", configuration.path])
    let (process, address) = (process, address)
    try await wait(until: "nginx listens", within: .seconds(10)) {
      if let code = process.exitCode() { throw Failure("nginx exited with \(code)") }
      return address.accepts()
    }
  }

  /// With a slash at its end: the folder that holds what the torrent names.
  var url: String { "http://\(address)/" }

  /// The requests answered so far, a line each.
  func requests() -> [Substring] {
    let log = (try? Data(contentsOf: folder.appending(path: "access"))) ?? Data()
    return String(decoding: log, as: UTF8.self).split(separator: "\n")
  }
}
