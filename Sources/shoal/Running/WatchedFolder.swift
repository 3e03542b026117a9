import DeterministicCore
import Session
import TorrentModel

/// The folder of `get --watch`, looked at again and again.
struct WatchedFolder {
  private var folder: TorrentFolder
  private var nextLook = Moment.zero

  private static let interval = TimeSpan.seconds(2)

  init(path: String) { folder = TorrentFolder(path: path) }

  /// The torrents that are new, if it is time to look. A file that describes none is complained of
  /// once, until it changes.
  mutating func look(at now: Moment, console: Console) -> [TorrentSource] {
    guard now >= nextLook else { return [] }
    nextLook = now + Self.interval
    let changes = folder.update()
    for (name, reason) in changes.refused {
      console.warn("passed over \(SafeText.visible(name)): \(SafeText.visible(reason))")
    }
    var sources: [TorrentSource] = []
    var paths: Set<String> = []
    for infoHash in changes.added {
      // A hybrid torrent has two names.
      guard let path = folder.path(of: infoHash), paths.insert(path).inserted else { continue }
      do throws(CommandError) {
        sources.append(try Source.file(path).read().torrent)
      } catch {
        console.warn(error.reason)
      }
    }
    return sources
  }
}
