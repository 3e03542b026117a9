import HTTPWire
import Networking
import Session
import TorrentModel

/// Serves the files of downloads over HTTP while they load: a player may read anywhere, and what it
/// reads is fetched first.
///
/// Only for this machine: it listens on a loopback address, and answers requests only that name it as
/// such, so that no page in a browser can read along under a name of its own (DNS rebinding).
final class StreamServer: DownloadStream {
  private var server: HTTPServer!
  private let wanted: ((String) -> Bool)?
  private let announce: (String) -> Void
  private var torrents: [TorrentRunner] = []

  /// It goes on until interrupted: nobody knows when a player has seen enough.
  let isFinished = false

  /// - Parameter announce: told the URL of each torrent's greatest file.
  init(
    on reactor: Reactor, at endpoint: Endpoint, wanted: ((String) -> Bool)?,
    announce: @escaping (String) -> Void
  ) throws(NetworkError) {
    self.wanted = wanted
    self.announce = announce
    server = HTTPServer(on: reactor) { [unowned self] request, _ in refuse(request) }
    server.streamer = { [unowned self] request, _ in serve(request) }
    try server.listen(on: endpoint)
  }

  func begin(_ runner: TorrentRunner) {
    guard let info = runner.info, !torrents.contains(where: { $0 === runner }) else { return }
    torrents.append(runner)
    guard let file = info.mainFile(wanted: wanted), let endpoint = server.listeningOn.first else {
      return
    }
    let path = info.layout.pathBelowDownloadFolder(of: file)
      .map { PercentEncoding.encode($0.utf8) }.joined(separator: "/")
    announce("http://\(endpoint)/\(path)")
  }

  // MARK: Requests

  private func isForThisMachine(_ request: HTTPRequest) -> Bool {
    guard let host = request.host else { return false }
    if host == "localhost" || host.hasPrefix("localhost:") { return true }
    if let endpoint = Endpoint(text: host) { return endpoint.address.isLoopback }
    return Address(text: host)?.isLoopback ?? false
  }

  private func find(_ request: HTTPRequest) -> (runner: TorrentRunner, file: Int)? {
    let path = String(decoding: request.path.dropFirst(), as: UTF8.self)
    for runner in torrents {
      guard let layout = runner.info?.layout else { continue }
      for file in layout.files.indices
      where layout.pathBelowDownloadFolder(of: file).joined(separator: "/") == path {
        return (runner, file)
      }
    }
    return nil
  }

  private func serve(_ request: HTTPRequest) -> HTTPStreamedResponse? {
    guard request.method == "GET" || request.method == "HEAD", isForThisMachine(request),
      let (runner, file) = find(request), let entry = runner.info?.layout.files[file]
    else { return nil }
    let range = ByteRange(request.headers["range"], of: entry.length)
    let part: Range<UInt64>
    var head: HTTPResponse
    switch range {
    case .unsatisfiable: return nil
    case .whole:
      part = 0..<entry.length
      head = HTTPResponse(.ok, contentType: Self.contentType(entry.path.last ?? ""))
    case .part(let wanted):
      part = wanted
      head = HTTPResponse(.partialContent, contentType: Self.contentType(entry.path.last ?? ""))
      head.addHeader(
        "Content-Range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(entry.length)")
    }
    head.addHeader("Accept-Ranges", "bytes")
    head.addHeader("Cache-Control", "no-store")
    guard let reader = runner.reader(ofFile: file, part) else { return nil }
    return HTTPStreamedResponse(head, length: UInt64(part.count), from: reader)
  }

  /// The answer to what is not served.
  private func refuse(_ request: HTTPRequest) -> HTTPResponse {
    func text(_ status: HTTPStatus, _ words: String) -> HTTPResponse {
      HTTPResponse(status, contentType: "text/plain; charset=utf-8", body: Array(words.utf8))
    }
    guard isForThisMachine(request) else {
      return text(.misdirected, "ask for it by a loopback address\n")
    }
    guard let (runner, file) = find(request), let entry = runner.info?.layout.files[file] else {
      return text(.notFound, "no such file in this download\n")
    }
    guard request.method == "GET" || request.method == "HEAD" else {
      return text(.methodNotAllowed, "files can only be read\n")
    }
    var response = text(.rangeNotSatisfiable, "the file has \(entry.length) bytes\n")
    response.addHeader("Content-Range", "bytes */\(entry.length)")
    return response
  }

  /// What players go by; a stranger's page is never served as one.
  private static func contentType(_ name: String) -> String {
    switch name.split(separator: ".").last?.lowercased() {
    case "mp4", "m4v": "video/mp4"
    case "mkv": "video/x-matroska"
    case "webm": "video/webm"
    case "avi": "video/x-msvideo"
    case "mov": "video/quicktime"
    case "mp3": "audio/mpeg"
    case "flac": "audio/flac"
    case "ogg", "oga", "opus": "audio/ogg"
    case "m4a": "audio/mp4"
    default: "application/octet-stream"
    }
  }
}
