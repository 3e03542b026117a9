import Accounts
import Bencoding
import HTTPWire
import Session
import TorrentModel
import TrackerLogic

/// What members see of a private tracker, each below the member's own key: `/KEY/`, with the account,
/// a search of the catalogue and `.torrent` files that have the key in them; `/KEY/search.json`
/// and `search.bencode` for programs and `/KEY/feed.xml` for feed readers.
///
/// The invariant: what others have named reaches a page through `HTMLText` alone, and without a key
/// nothing is told.
struct MemberSite {
  let accounts: AccountStore
  let monitor: TrackerMonitor

  private static let mostListed = 100
  private static let mostFed = 50

  func respond(to request: HTTPRequest) -> HTTPResponse {
    let path = String(decoding: request.path, as: UTF8.self)
    if path == "/page.css" {
      return .page("text/css; charset=utf-8", PageAssets.style + AdminAssets.style)
    }
    guard request.method == "GET" || request.method == "HEAD" else {
      var response = HTTPResponse(.methodNotAllowed)
      response.addHeader("Allow", "GET, HEAD")
      return response
    }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    do throws(AccountsError) {
      guard parts.count >= 3, let key = MemberKey(digits: Array(parts[1].utf8)[...]),
        let member = try accounts.member(holding: key)
      else { return .error(.notFound, "there is no such page") }
      return try respond(to: request, Array(parts[2...]), of: member)
    } catch {
      return .error(.serviceUnavailable, "the accounts cannot be read; try again later")
    }
  }

  private func respond(
    to request: HTTPRequest, _ path: [String], of member: Member
  ) throws(AccountsError) -> HTTPResponse {
    let keywords = FormFields(request)["q"] ?? ""
    switch (path.count, path[0]) {
    case (1, ""):
      return .page("text/html; charset=utf-8", try page(of: member, keywords))
    case (1, "search.json"):
      let found = try accounts.torrents(matching: keywords, limit: Self.mostListed)
      return .json(.array(found.map { $0.json(monitor) }))
    case (1, "search.bencode"):
      let found = try accounts.torrents(matching: keywords, limit: Self.mostListed)
      return HTTPResponse(
        .ok, contentType: "application/octet-stream",
        body: BencodeEncoder.encode(.list(found.map { $0.found(monitor) })))
    case (1, "feed.xml"):
      return .page(
        "application/rss+xml; charset=utf-8",
        try feed(of: member, keywords, at: request.host ?? "localhost"))
    case (2, "torrents"):
      let digits = path[1].hasSuffix(".torrent") ? path[1].dropLast(8) : path[1][...]
      guard let infoHash = InfoHash(text: digits), let torrent = try accounts.torrent(infoHash),
        let document = try accounts.document(
          of: infoHash, announcing: try accounts.announceURLs(for: member.key))
      else { return .error(.notFound, "there is no such torrent") }
      return .torrent(document, named: torrent.title)
    default: return .error(.notFound, "there is no such page")
    }
  }

  // MARK: The page

  private func page(of member: Member, _ keywords: String) throws(AccountsError) -> String {
    let torrents = try accounts.torrents(matching: keywords, limit: Self.mostListed)
    let history = try accounts.history(of: member.id, limit: Self.mostListed)
    let ratio = member.ratio.map { "\((($0 * 100).rounded(.down)) / 100)" } ?? "–"
    let announces = try accounts.announceURLs(for: member.key)
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(HTMLText.escape(member.name)) · shoal</title>
      <link rel="stylesheet" href="/page.css">
      <link rel="alternate" type="application/rss+xml" title="Latest torrents" href="feed.xml">
      </head>
      <body>
      <main>
      <section>
      <h1>\(HTMLText.escape(member.name))</h1>
      <dl class="counts">
      <div><dd>\(SizeText.of(member.uploaded))</dd><dt>uploaded</dt></div>
      <div><dd>\(SizeText.of(member.downloaded))</dd><dt>downloaded</dt></div>
      <div><dd>\(ratio)</dd><dt>ratio</dt></div>
      <div><dd>\(member.seedTime / 3600) h</dd><dt>seeded</dt></div>
      <div><dd>\(member.activeSessions)</dd><dt>active</dt></div>
      </dl>
      <details><summary>Announce URLs, for you alone</summary>
      \(announces.map { "<pre class=\"command\">\(HTMLText.escape($0))</pre>" }.joined())
      </details>
      </section>
      <section>
      <h1>Torrents</h1>
      <form class="actions" method="get" action="./" role="search">
      <input type="search" name="q" value="\(HTMLText.escape(keywords))" placeholder="Keywords"
       aria-label="Keywords"><button class="button">Search</button>
      <a class="button quiet" href="feed.xml">Feed</a></form>
      \(table(torrents))
      </section>
      \(section(history))
      <footer>Served by <b>shoal</b>. Keep this address to yourself: it is your key.</footer>
      </main>
      </body>
      </html>

      """
  }

  private func table(_ torrents: [CataloguedTorrent]) -> String {
    guard !torrents.isEmpty else { return "<p class=\"facts\">Nothing found.</p>" }
    let rows = torrents.map { torrent in
      let infoHash = torrent.listing.infoHash
      let counts = monitor.counts(of: infoHash)
      let tags = torrent.tags.map { "<span class=\"tag\">\(HTMLText.escape($0))</span>" }
      let free = torrent.listing.terms.downloadPercent == 0 ? "<span class=\"tag\">free</span>" : ""
      return
        "<tr><td><a href=\"torrents/\(infoHash).torrent\">\(HTMLText.escape(torrent.title))</a> "
        + "\(tags.joined(separator: " "))\(free)</td><td>\(SizeText.of(torrent.size))</td>"
        + "<td>\(counts.seeders)</td><td>\(counts.leechers)</td></tr>"
    }
    return "<div class=\"wide\"><table><thead><tr><th>Name</th><th>Size</th><th>Seeds</th>"
      + "<th>Taking</th></tr></thead><tbody>\(rows.joined())</tbody></table></div>"
  }

  private func section(_ history: [MemberHistory]) -> String {
    guard !history.isEmpty else { return "" }
    let rows = history.map { entry in
      "<tr><td>\(HTMLText.escape(entry.title))</td><td>\(SizeText.of(entry.uploaded))</td>"
        + "<td>\(SizeText.of(entry.downloaded))</td><td>\(entry.seedTime / 3600) h</td></tr>"
    }
    return "<section><h1>What you moved</h1><div class=\"wide\"><table><thead><tr><th>Name</th>"
      + "<th>Up</th><th>Down</th><th>Seeded</th></tr></thead><tbody>\(rows.joined())</tbody>"
      + "</table></div></section>"
  }

  // MARK: The feed

  /// RSS 2.0, with enclosures that have the member's key in them.
  private func feed(
    of member: Member, _ keywords: String, at host: String
  ) throws(AccountsError) -> String {
    // A proxy that has members announce by https serves them pages by it, too.
    let scheme = try accounts.announceBases().contains { $0.hasPrefix("https:") } ? "https" : "http"
    let base = HTMLText.escape("\(scheme)://\(host)/\(member.key.digits)/")
    let items = try accounts.torrents(matching: keywords, limit: Self.mostFed).map { torrent in
      let infoHash = torrent.listing.infoHash
      return """
        <item><title>\(HTMLText.escape(torrent.title))</title>
        <guid isPermaLink="false">\(infoHash)</guid>
        <description>\(SizeText.of(torrent.size))</description>
        <enclosure url="\(base)torrents/\(infoHash).torrent" length="\(torrent.documentLength)" \
        type="application/x-bittorrent"/></item>

        """
    }
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <rss version="2.0"><channel><title>Latest torrents</title>
      <link>\(base)</link><description>The catalogue of a private tracker</description>
      \(items.joined())</channel></rss>

      """
  }
}
