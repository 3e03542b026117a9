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

  func show(_ report: PortMappingReport) {
    let keys: (state: String, port: JSONValue, outside: JSONValue, message: String)
    switch report {
    case .mapped(let port, let outside, let manner):
      keys = ("mapped", .integer(Int64(port)), .integer(Int64(outside)), manner)
      view.note("the router lets peers in at port \(outside), by \(manner)")
    case .failed(let reason):
      keys = ("failed", .null, .null, reason)
      view.note("the router lets nobody in: \(SafeText.visible(reason))")
    }
    console.event(
      .event(
        .portMapping,
        [
          ("state", .string(keys.state)), ("port", keys.port), ("outside", keys.outside),
          ("message", .string(keys.message)),
        ]))
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
