import Session
import Storage
import TorrentModel

// What the disk does to torrents, and what it remembers of them.
extension TransferLoop {
  /// Tells of a disk that refuses and of one that takes data again.
  func show(_ phase: TorrentPhase, of runner: TorrentRunner) {
    let name = SafeText.visible(runner.name)
    switch phase {
    case .waiting(let error):
      waiting.insert(runner.infoHash)
      tell(.disk, "waiting", "\(error)", of: runner)
      view.warn("\(name): \(error); tried again until it works")
    case .failed(.storage(let error)):
      waiting.remove(runner.infoHash)
      tell(.disk, "failed", "\(error)", of: runner)
    default:
      guard waiting.remove(runner.infoHash) != nil else { return }
      tell(.disk, "resumed", nil, of: runner)
      view.note("\(name): the disk takes data again")
    }
  }

  func show(_ report: ResumeReport, of runner: TorrentRunner) {
    let name = SafeText.visible(runner.name)
    switch report {
    case .trusted(let bytes):
      tell(.state, "trusted", nil, of: runner, bytes: bytes)
      if console.detail == .verbose {
        view.note("\(name): \(Format.size(bytes)) of an earlier run are as they were")
      }
    case .damaged(let trouble):
      tell(.state, "damaged", trouble, of: runner)
      view.warn("\(name): \(trouble)")
    case .unkept(let error):
      tell(.state, "unkept", "\(error)", of: runner)
      if console.detail == .verbose {
        view.note("\(name): \(error); without it the next run checks what is on the disk")
      }
    }
  }

  func show(_ report: ReuseReport, of runner: TorrentRunner) {
    let message = report.trouble.map { "\($0)" }
    console.event(
      .event(
        .reused,
        [
          ("infoHash", .string(runner.infoHash.description)), ("folder", .string(report.folder)),
          ("bytes", .unsigned(report.bytes)), ("message", .optional(message)),
        ]))
    let folder = SafeText.visible(report.folder)
    if report.bytes > 0 { view.note("copied \(Format.size(report.bytes)) from \(folder)") }
    if let message { view.warn("\(folder): \(message)") }
  }

  private func tell(
    _ outline: EventOutline, _ state: String, _ message: String?, of runner: TorrentRunner,
    bytes: UInt64? = nil
  ) {
    var pairs: [(String, JSONValue)] = [
      ("infoHash", .string(runner.infoHash.description)), ("state", .string(state)),
    ]
    if outline.name == EventOutline.state.name {
      pairs.append(("bytes", bytes.map { .unsigned($0) } ?? .null))
    }
    console.event(.event(outline, pairs + [("message", .optional(message))]))
  }
}
