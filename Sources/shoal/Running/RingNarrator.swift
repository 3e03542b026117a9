import ChordWire
import Session
import TorrentModel

/// Tells people and programs what happens in a ring.
struct RingNarrator {
  private let console: Console

  init(_ console: Console) { self.console = console }

  /// - Parameter show: prints a line for people; called with `--verbose` only, but for trouble.
  func tell(_ event: RingEvent, of service: ChordService, _ show: (String) -> Void) {
    let words = Self.words(event)
    console.event(
      .event(
        .ringNode,
        [
          ("ring", .string(service.name.description)), ("state", .string(words.state)),
          ("node", .optional(words.node.map { Self.text($0.id) })),
          ("endpoint", .optional(words.node.map { "\($0.endpoint)" })),
          ("message", .optional(words.message)),
        ]))
    if console.detail == .verbose || words.message != nil {
      let node = words.node.map { " \($0)" } ?? ""
      let message = words.message.map { ": " + $0 } ?? ""
      show("ring \(words.state)\(node)\(SafeText.visible(message))")
    }
  }

  private static func words(
    _ event: RingEvent
  ) -> (state: String, node: Contact?, message: String?) {
    switch event {
    case .connected: ("connected", nil, nil)
    case .joined(let contact): ("joined", contact, nil)
    case .orphaned(let contact): ("orphaned", contact, nil)
    case .joinFailed: ("join-failed", nil, "no place was found; tried again until one is")
    case .successorChanged(let contact): ("successor", contact, nil)
    case .nodeFailed(let contact): ("node-failed", contact, nil)
    case .left: ("left", nil, nil)
    case .reachable: ("reachable", nil, nil)
    case .unkept(let reason): ("unkept", nil, reason)
    }
  }

  /// An identifier in full.
  static func text(_ id: Identifier) -> String { Hexadecimal.encode(id.bytes) }
}

extension TransferLoop {
  func show(_ report: RingReport, _ infoHash: (String, JSONValue)) {
    var peers: Int?
    var message: String?
    let state: String
    switch report.outcome {
    case .found(let count):
      state = "found"
      peers = count
    case .announced: state = "announced"
    case .failed(let reason):
      state = "failed"
      message = reason
    case .barred:
      state = "barred"
      message = "the torrent is private and the ring open to all: it is not asked"
    }
    console.event(
      .event(
        .ring,
        [
          infoHash, ("ring", .string(report.ring.description)), ("state", .string(state)),
          ("peers", .optional(peers.map(Int64.init))), ("message", .optional(message)),
        ]))
    if state == "barred" {
      view.warn(message ?? state)
    } else if console.detail == .verbose {
      view.note("ring \(state)" + (peers.map { " " + Format.count($0, "peer") } ?? ""))
    }
  }
}
