import Session
import TorrentModel

/// What a person points at to name a torrent.
enum Source: Hashable, Sendable {
  case file(String)
  case magnet(MagnetLink)
  /// Of a `.torrent` file or of what one lies beside, by http or https.
  case url(String)
  /// Whatever a channel of a ring names at the time.
  case channel(String)

  /// A magnet link is read at once, so that a broken one is told of before anything else happens.
  init(parsing text: String) throws(CommandError) {
    let scheme = text.prefix { $0 != ":" }.lowercased()
    switch scheme {
    case "magnet":
      do {
        self = .magnet(try MagnetLink(parsing: text))
      } catch {
        throw CommandError(
          .badMetainfo, "\(error)", on: text, remedy: "quote the link, or copy it again")
      }
    case "ring":
      guard RingChannel(text: text) != nil else {
        throw .usage(
          "a channel is 'ring:' and the 64 hexadecimal digits of its key", on: text)
      }
      self = .channel(text)
    case "http" where text.contains("://"), "https" where text.contains("://"):
      self = .url(text)
    default:
      self = .file(text)
    }
  }

  /// A link as it is, anything else read from disk or fetched.
  func read(through proxy: Proxy? = nil) throws(CommandError) -> ReadSource {
    switch self {
    case .magnet(let link):
      return ReadSource(.magnet(link), .document)
    case .file(let path):
      return ReadSource(
        .metainfo(try Self.metainfo(of: FileContents.read(path), from: path)), .document)
    case .channel(let text):
      throw .usage(
        "a channel is followed by 'shoal get' with --ring RING alone", on: text)
    case .url(let url):
      return try WebSource(url: url, proxy: proxy).read()
    }
  }

  static func metainfo(
    of document: [UInt8], from name: String
  ) throws(CommandError) -> Metainfo {
    do {
      return try Metainfo(document)
    } catch {
      throw CommandError(notMetainfo: error, on: name)
    }
  }
}

/// What a source was found to name.
struct ReadSource: Sendable {
  var torrent: TorrentSource
  /// Who named the trackers, peers and web seeds that stand in it.
  var origin: RequestOrigin
  /// Web seeds that the person named by naming the source.
  var webSeeds: [String] = []
  /// What the person put it under.
  var label: String?

  init(_ torrent: TorrentSource, _ origin: RequestOrigin) {
    self.torrent = torrent
    self.origin = origin
  }
}

extension CommandError {
  init(notMetainfo error: MetainfoError, on name: String) {
    self.init(
      .badMetainfo, "no usable .torrent file: \(error)", on: name,
      remedy: "get the file again from where it came")
  }
}
