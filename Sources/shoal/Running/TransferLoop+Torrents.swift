import Networking
import Session
import TorrentModel

extension TransferLoop {
  /// Tells programs that work on a torrent begins.
  func announceStart(of source: TorrentSource) {
    console.event(
      .event(
        .started,
        [
          ("name", .string(source.name)),
          ("infoHash", .string(source.infoHash.description)),
          ("listen", .array(session.listeningOn.map { .string($0.description) })),
        ]))
    console.explain(
      "listening on " + session.listeningOn.map(\.description).joined(separator: ", "))
  }
}

extension CommandError {
  init(_ failure: TorrentFailure, on name: String) {
    switch failure {
    case .storage(let error): self.init(.disk, "\(error)", on: name)
    case .metadata: self.init(.badMetainfo, "\(failure)", on: name)
    }
  }
}
