/// What the process tells its caller. Scripts rely on the numbers; help pages print the meanings.
enum ExitCode: Int32, CaseIterable, Sendable {
  case done = 0
  case failure = 1
  case usage = 2
  case badMetainfo = 3
  case dataMismatch = 4
  case disk = 5
  case trackerRefused = 6
  case noPeers = 7
  case incomplete = 8

  /// One line for a help page.
  var meaning: String {
    switch self {
    case .done: "done, and verified where there is data"
    case .failure: "unexpected failure"
    case .usage: "usage: the command line asks for something impossible"
    case .badMetainfo: "the metainfo or the magnet link is malformed or hostile"
    case .dataMismatch: "the data does not match its hashes"
    case .disk: "disk: full, read-only, changed while read, or an I/O error"
    case .trackerRefused: "the tracker refused: key, or torrent not registered"
    case .noPeers: "no peers, or stalled past --stall-timeout"
    case .incomplete: "incomplete: interrupted; the state is kept, run again to resume"
    }
  }

  /// The word for it in `error` events.
  var word: String {
    switch self {
    case .done: "done"
    case .failure: "failure"
    case .usage: "usage"
    case .badMetainfo: "metainfo"
    case .dataMismatch: "data"
    case .disk: "disk"
    case .trackerRefused: "tracker"
    case .noPeers: "peers"
    case .incomplete: "incomplete"
    }
  }
}
