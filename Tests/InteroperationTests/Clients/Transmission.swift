import Foundation
import FoundationNetworking

/// transmission-daemon, steered and asked by its RPC.
final class Transmission: Client {
  let process: ChildProcess
  private let endpoint: URL
  /// Its guard against forged requests: a value that the first answer hands out.
  private var sessionID = ""

  init(_ options: ClientOptions, in arena: Arena) async throws {
    let name = "transmission-\(options.address.port)"
    let configuration = try arena.makeFolder(name)
    let host = options.address.host
    // A host may come round again while another test still has it, its ports do not.
    let port = options.address.port - 10_000
    let settings: [String: Any] = [
      "bind-address-ipv4": host,
      "dht-enabled": false,
      "download-dir": options.folder.path,
      // Tolerated, preferred, required.
      "encryption": [.off: 0, .preferred: 1][options.encryption] ?? 2,
      "incomplete-dir-enabled": false,
      "lpd-enabled": false,
      "message-level": 3,
      "peer-port": options.address.port,
      "port-forwarding-enabled": false,
      "preallocation": 0,
      "ratio-limit-enabled": false,
      "rename-partial-files": false,
      "rpc-bind-address": host,
      "rpc-host-whitelist-enabled": false,
      "rpc-port": port,
      "rpc-whitelist-enabled": false,
      "speed-limit-down": options.downloadLimit / 1000,
      "speed-limit-down-enabled": options.downloadLimit > 0,
      "utp-enabled": false,
    ]
    try JSONSerialization.data(withJSONObject: settings)
      .write(to: configuration.appending(path: "settings.json"))
    guard let endpoint = URL(string: "http://\(host):\(port)/transmission/rpc") else {
      throw Failure("no RPC address for \(host)")
    }
    self.endpoint = endpoint
    let process = try arena.start(
      name, "transmission-daemon", ["--foreground", "--config-dir", configuration.path])
    self.process = process
    try await wait(until: "\(name) listens", within: .seconds(10)) {
      if let code = process.exitCode() { throw Failure("\(name) exited with \(code)") }
      return SocketAddress(host: host, port: port).accepts()
    }
    var arguments: [String: Any] = ["download-dir": options.folder.path]
    if options.source.hasPrefix("magnet:") {
      arguments["filename"] = options.source
    } else {
      let metainfo = try Data(contentsOf: URL(filePath: options.source))
      arguments["metainfo"] = metainfo.base64EncodedString()
    }
    _ = try await call("torrent-add", arguments)
  }

  func isComplete() async throws -> Bool {
    let fields = ["leftUntilDone", "metadataPercentComplete", "percentDone", "errorString"]
    let answer = try await call("torrent-get", ["fields": fields])
    guard let torrent = (answer["torrents"] as? [[String: Any]])?.first else {
      throw Failure("\(process.name) has lost its torrent")
    }
    func number(_ key: String) -> Double { (torrent[key] as? NSNumber)?.doubleValue ?? -1 }
    return number("metadataPercentComplete") == 1 && number("percentDone") == 1
      && number("leftUntilDone") == 0
  }

  /// It goes without a word when the daemon ends; a torrent that is stopped says farewell.
  func leave() async throws { _ = try await call("torrent-stop", [:]) }

  private func call(_ method: String, _ arguments: [String: Any]) async throws -> [String: Any] {
    var request = URLRequest(url: endpoint, timeoutInterval: 10)
    request.httpMethod = "POST"
    request.httpBody = try JSONSerialization.data(
      withJSONObject: ["method": method, "arguments": arguments])
    for _ in 0..<2 {
      request.setValue(sessionID, forHTTPHeaderField: "X-Transmission-Session-Id")
      let (body, response) = try await URLSession.shared.data(for: request)
      guard let response = response as? HTTPURLResponse else { break }
      if response.statusCode == 409 {
        sessionID = response.value(forHTTPHeaderField: "X-Transmission-Session-Id") ?? ""
        continue
      }
      let answer = try JSONSerialization.jsonObject(with: body) as? [String: Any]
      guard answer?["result"] as? String == "success" else {
        throw Failure("\(method): \(String(decoding: body, as: UTF8.self))")
      }
      return answer?["arguments"] as? [String: Any] ?? [:]
    }
    throw Failure("\(method): refused")
  }
}
