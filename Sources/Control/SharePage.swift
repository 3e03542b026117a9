public import HTTPWire
import TorrentModel

/// The small web page that `share` serves on its own port: what is shared, how to get it, and who
/// is getting it right now.
///
/// A pure function from a request and the torrents to a response. The invariant: text from torrents
/// reaches the page through `HTMLText` or as JSON text only, and the page may load nothing but its
/// own style and script (Content-Security-Policy).
public struct SharePage {
  public init() {}

  /// `nil` for a path that is not the page's.
  public func respond(to request: HTTPRequest, torrents: [SharedTorrent]) -> HTTPResponse? {
    let content: (type: String, body: [UInt8])
    var fileName: String?
    let path = String(decoding: request.path, as: UTF8.self)
    switch path {
    case "/": content = ("text/html; charset=utf-8", Array(html(torrents).utf8))
    case "/page.css": content = ("text/css; charset=utf-8", Array(PageAssets.style.utf8))
    case "/page.js": content = ("text/javascript; charset=utf-8", Array(PageAssets.script.utf8))
    case "/status.json": content = ("application/json", Array(status(torrents).utf8))
    default:
      guard let torrent = torrents.first(where: { $0.documentPath == path }) else { return nil }
      content = ("application/x-bittorrent", torrent.document)
      fileName = torrent.metainfo.info.name
    }
    guard request.method == "GET" || request.method == "HEAD" else {
      var response = HTTPResponse(.methodNotAllowed)
      response.addHeader("Allow", "GET, HEAD")
      return response
    }
    var response = HTTPResponse(.ok, contentType: content.type, body: content.body)
    if let fileName {
      // RFC 6266: the name as it is, percent-encoded.
      let encoded = PercentEncoding.encode(fileName.utf8)
      response.addHeader(
        "Content-Disposition", "attachment; filename*=UTF-8''\(encoded).torrent")
    }
    response.addHeader("Cache-Control", path == "/status.json" ? "no-store" : "no-cache")
    response.addHeader("Content-Security-Policy", Self.policy)
    response.addHeader("X-Content-Type-Options", "nosniff")
    response.addHeader("Referrer-Policy", "no-referrer")
    return response
  }

  private static let policy =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  // MARK: HTML

  private func html(_ torrents: [SharedTorrent]) -> String {
    let title = torrents.count == 1 ? torrents[0].metainfo.info.name : "\(torrents.count) torrents"
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(HTMLText.escape(title)) · shoal</title>
      <link rel="stylesheet" href="/page.css">
      <script src="/page.js" defer></script>
      </head>
      <body>
      <main>
      \(torrents.map(section).joined(separator: "\n"))
      <footer>Served by <b>shoal</b>. Any BitTorrent client can open the link or the file.</footer>
      </main>
      </body>
      </html>

      """
  }

  /// Files listed by name; the rest is counted.
  private static let mostFilesListed = 200

  private func section(_ torrent: SharedTorrent) -> String {
    let info = torrent.metainfo.info
    let files = info.layout.files
    let magnet = HTMLText.escape(torrent.magnet)
    return """
      <section data-info-hash="\(info.infoHash)">
      <h1>\(HTMLText.escape(info.name))</h1>
      <p class="facts">\(SizeText.of(info.geometry.totalLength)) · \(files.count) \
      \(files.count == 1 ? "file" : "files") · \(info.geometry.pieceCount) pieces of \
      \(SizeText.of(UInt64(info.geometry.pieceLength)))\(info.isPrivate ? " · private" : "")</p>
      <p class="actions"><a class="button" href="\(magnet)">Open magnet link</a>
      <a class="button quiet" href="\(torrent.documentPath)">Download .torrent</a></p>
      <pre class="command" tabindex="0">shoal get '\(magnet)'</pre>
      <dl class="counts">\(counts(torrent.counts))</dl>
      \(fileList(info.layout))
      <p class="hash">\(info.infoHash)</p>
      </section>
      """
  }

  private func counts(_ counts: SharedTorrent.Counts) -> String {
    let cells: [(String, String, String)] = [
      ("seeders", "have it all", String(counts.seeders)),
      ("leechers", "are getting it", String(counts.leechers)),
      ("completed", "downloads", String(counts.completed)),
      ("rate", "upload", SizeText.of(counts.upRate) + "/s"),
      ("uploaded", "uploaded", SizeText.of(counts.uploaded)),
    ]
    return cells.map { "<div><dd data-count=\"\($0.0)\">\($0.2)</dd><dt>\($0.1)</dt></div>" }
      .joined()
  }

  private func fileList(_ layout: FileLayout) -> String {
    guard !layout.isSingleFile else { return "" }
    let rows = layout.files.prefix(Self.mostFilesListed).map { file in
      "<li><span>\(HTMLText.escape(file.path.joined(separator: "/")))</span> "
        + "<span>\(SizeText.of(file.length))</span></li>"
    }
    let hidden = layout.files.count - rows.count
    let rest = hidden > 0 ? "<li>… and \(hidden) more</li>" : ""
    return "<details><summary>Files</summary><ul>\(rows.joined())\(rest)</ul></details>"
  }

  // MARK: JSON

  /// The live counts, by info-hash; nothing here is text that others chose.
  private func status(_ torrents: [SharedTorrent]) -> String {
    let entries = torrents.map { torrent in
      let counts = torrent.counts
      return "\"\(torrent.metainfo.info.infoHash)\":{\"seeders\":\(counts.seeders),"
        + "\"leechers\":\(counts.leechers),\"completed\":\(counts.completed),"
        + "\"upRate\":\(counts.upRate),\"uploaded\":\(counts.uploaded),"
        + "\"rate\":\"\(SizeText.of(counts.upRate))/s\","
        + "\"uploadedText\":\"\(SizeText.of(counts.uploaded))\"}"
    }
    return "{" + entries.joined(separator: ",") + "}\n"
  }
}
