import Networking
import Session
import TorrentModel

/// Where a download is to be read while it loads.
enum StreamTarget: Hashable, Sendable {
  /// Standard output.
  case pipe
  /// An HTTP server at an address of this machine.
  case server(Endpoint)
}

extension ValueKind where Value == StreamTarget {
  /// `-`, or a loopback address and a port: nobody else has asked for the data, or been allowed it.
  static let stream = ValueKind(
    placeholder: "-|ADDR:PORT",
    expected: "- for standard output, or a loopback address and port "
      + "such as 127.0.0.1:0"
  ) { text in
    if text == "-" { return .pipe }
    guard let endpoint = Endpoint(text: text), endpoint.address.isLoopback else { return nil }
    return .server(endpoint)
  }
}

/// Somebody who reads a download while it loads.
protocol DownloadStream: AnyObject {
  /// The torrent is known: reading may begin. Called once for each torrent.
  func begin(_ runner: TorrentRunner)
  /// Everything that was asked for has been read, as far as that can be told.
  var isFinished: Bool { get }
}

extension TorrentInfo {
  /// The file that somebody who names none means: the greatest of those that are wanted.
  func mainFile(wanted: ((String) -> Bool)?) -> Int? {
    layout.files.indices.filter { index in
      wanted?(layout.pathBelowDownloadFolder(of: index).joined(separator: "/")) ?? true
    }.max { layout.files[$0].length < layout.files[$1].length }
  }
}
