import DeterministicCore
import Networking
import Session
import TorrentModel

/// What an http or https URL leads to that a person gave as a source: a `.torrent` file, a Metalink
/// (RFC 5854), or the data itself, beside which one of the two lies and says what it hashes to.
struct WebSource {
  let url: String
  let proxy: Proxy?

  /// What lies beside a file is called like it, with one of these endings.
  private static let endings = [".torrent", ".meta4", ".metalink"]
  /// `.torrent` files that a Metalink names and that are asked for.
  private static let mostTorrents = 3

  func read() throws(CommandError) -> ReadSource {
    let answer = try ask(for: url, namedBy: .user)
    guard answer.status == 200 else {
      throw CommandError(
        .failure, "the server answered \(answer.status)", on: url, remedy: "check the URL")
    }
    let refusal: CommandError
    do throws(CommandError) {
      return try read(answer, from: url)
    } catch {
      refusal = error
    }
    for ending in Self.endings {
      guard let beside = Self.beside(url, ending),
        let answer = try? ask(for: beside, namedBy: .user), answer.status == 200
      else { continue }
      var source = try read(answer, from: beside)
      guard case .metainfo(let metainfo) = source.torrent, metainfo.info.layout.isSingleFile else {
        continue
      }
      source.webSeeds.append(url)
      return source
    }
    guard answer.isOther else { throw refusal }
    throw CommandError(
      .badMetainfo, "it is no .torrent file, and none lies beside it, nor a Metalink", on: url,
      remedy: "without hashes what comes cannot be checked; fetch it with a browser or curl")
  }

  /// The URL of a file with an ending behind its path.
  private static func beside(_ url: String, _ ending: String) -> String? {
    let path = url.prefix { $0 != "?" && $0 != "#" }
    guard !path.hasSuffix("/"), !path.hasSuffix(ending) else { return nil }
    return path + ending + url.dropFirst(path.count)
  }

  // MARK: Documents

  private func read(_ answer: WebAnswer, from name: String) throws(CommandError) -> ReadSource {
    if answer.beginsLikeXML {
      do throws(MetalinkError) {
        return try read(Metalink(answer.body), answer, from: name)
      } catch {
        throw CommandError(
          .badMetainfo, "\(error)", on: name, remedy: "give the URL of a .torrent file")
      }
    }
    return ReadSource(
      .metainfo(try Source.metainfo(of: answer.body, from: name)), .host(answer.server))
  }

  /// The torrent that a Metalink names, since it has a swarm, too; else one made of its hashes. Both
  /// with the Metalink's servers for web seeds, which are its server's word and nobody else's.
  private func read(
    _ metalink: Metalink, _ answer: WebAnswer, from name: String
  ) throws(MetalinkError) -> ReadSource {
    let origin = RequestOrigin.host(answer.server)
    for torrent in metalink.torrents.prefix(Self.mostTorrents) {
      guard let found = try? ask(for: torrent, namedBy: origin), found.status == 200,
        var editor = try? MetainfoEditor(found.body)
      else { continue }
      editor.webSeeds += metalink.urls.filter { !editor.webSeeds.contains($0) }
      guard let metainfo = try? Metainfo(editor.edited), metainfo.info.layout.isSingleFile else {
        continue
      }
      return ReadSource(.metainfo(metainfo), origin)
    }
    do {
      return ReadSource(.metainfo(try Metainfo(try metalink.document())), origin)
    } catch let error as MetalinkError {
      throw error
    } catch {
      throw .unusable("\(error)")
    }
  }

  // MARK: Requests

  private func ask(for url: String, namedBy origin: RequestOrigin) throws(CommandError) -> WebAnswer
  {
    let probe = WebProbe()
    let (status, _, server) = try fetch(
      url, shownAs: url, longest: Metainfo.longestDocument, through: proxy, namedBy: origin,
      into: probe)
    return WebAnswer(status: status, body: probe.body, isOther: probe.isOther, server: server)
  }
}

/// An answer, or the beginning of one that is neither a torrent nor a Metalink.
private struct WebAnswer {
  let status: Int
  let body: [UInt8]
  let isOther: Bool
  let server: Endpoint

  var beginsLikeXML: Bool { WebProbe.first(of: body) == UInt8(ascii: "<") }
}

/// Takes a body as long as it may become a torrent or a Metalink: of a film nothing but its beginning
/// is fetched to find that it is none.
private final class WebProbe: HTTPBodyReceiver {
  private(set) var body: [UInt8] = []
  private(set) var isOther = false

  func received(_ head: HTTPHead) {}

  func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow {
    body.append(contentsOf: bytes)
    switch Self.first(of: body) {
    case nil: return .goOn
    case UInt8(ascii: "d"): isOther = body.count > Metainfo.longestDocument
    case UInt8(ascii: "<"): isOther = body.count > Metalink.longestDocument
    default: isOther = true
    }
    return isOther ? .end : .goOn
  }

  /// The first byte behind a mark of the byte order and white space.
  static func first(of body: [UInt8]) -> UInt8? {
    let rest = body.starts(with: [0xef, 0xbb, 0xbf]) ? body[3...] : body[...]
    return rest.prefix(1024).first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
      ?? (rest.count > 1024 ? 0 : nil)
  }
}
