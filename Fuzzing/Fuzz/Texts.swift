import HTTPWire
import PeerWire
import TorrentModel
import TrackerWire

extension FuzzTarget {
  /// Text that people and links bring.
  static var texts: [FuzzTarget] {
    [
      .text(
        "magnet-link",
        seeds: [
          "magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567&dn=a+name&tr=http%3A%2F%2Ft"
            + "&ws=http%3A%2F%2Fs&x.pe=10.0.0.1:6881&x.pe=[2001:db8::1]:6881",
          "magnet:?xt.1=urn:btih:ABCDEFGHIJKLMNOPQRSTUVWXYZ234567&tr.2=udp://t:1",
        ], magnetLink),
      .text(
        "tracker-url",
        seeds: [
          "http://tracker.example:6969/announce?key=1", "udp://[2001:db8::1]:80/",
          "https://user@host/x/announce.php",
        ], trackerURL),
      .text(
        "endpoint", seeds: ["10.0.0.1:80", "[2001:db8::1:2]:6881", "[::ffff:1.2.3.4]:1", "::"],
        endpoint),
      .decoder(
        "local-announcement",
        seeds: [
          LocalAnnouncement(
            infoHashes: [InfoHash(bytes: Array(repeating: 5, count: 20))!], port: 6881, cookie: "x"
          ).bytes(to: LocalAnnouncement.groupV4)
        ], localAnnouncement),
      .text(
        "metalink",
        seeds: [
          "<metalink xmlns='urn:ietf:params:xml:ns:metalink'><file name='a'><size>5</size>"
            + "<pieces length='3' type='sha-1'><hash>0123456789abcdef0123456789abcdef01234567</hash>"
            + "<hash>0123456789abcdef0123456789abcdef01234567</hash></pieces><url priority='1'>"
            + "http://h/a</url><metaurl mediatype='torrent'>http://h/t</metaurl></file></metalink>"
        ], metalink),
      .text("content-range", seeds: ["bytes 0-499/1234", "bytes 7-7/*"], contentRange),
      .text("safe-text", seeds: ["a\u{202e}b\u{1b}[31m\r\n", "a\u{200d}b"], safeText),
    ]
  }

  private static func magnetLink(_ text: String) {
    guard let link = try? MagnetLink(parsing: text),
      link.text.utf8.count <= MagnetLink.longestLink
    else { return }
    let again = try? MagnetLink(parsing: link.text)
    require(again == link, "\(link) is read back as \(String(describing: again))")
  }

  private static func metalink(_ text: String) {
    guard let link = try? Metalink(Array(text.utf8)), let document = try? link.document() else {
      return
    }
    let metainfo = try? Metainfo(document)
    require(metainfo?.info.layout.totalLength == link.length, "another length is read back")
    require(metainfo?.webSeeds == link.urls, "other URLs are read back")
  }

  private static func localAnnouncement(_ bytes: [UInt8]) {
    guard let announcement = LocalAnnouncement(bytes) else { return }
    let again = LocalAnnouncement(announcement.bytes(to: LocalAnnouncement.groupV4))
    require(again?.infoHashes == announcement.infoHashes, "other torrents are read back")
    require(again?.port == announcement.port, "another port is read back")
  }

  private static func contentRange(_ text: String) {
    guard let range = ContentRange(Array(text.utf8)) else { return }
    require(range.first <= range.last, "a range that ends before it begins")
    require(range.total.map { range.last < $0 } ?? true, "a range beyond its document")
  }

  private static func trackerURL(_ text: String) {
    guard let url = TrackerURL(text) else { return }
    require(TrackerURL("\(url)") == url, "\(url) is read otherwise")
    require(url.redacted.utf8.count <= "\(url)".utf8.count, "more than the URL is left of it")
    _ = url.scrape
    _ = url.urlData
    _ = url.address
    _ = url.appending(query: "a=1")
  }

  private static func endpoint(_ text: String) {
    if let address = Address(text: text) {
      require(Address(text: "\(address)") == address, "\(address) is read otherwise")
      require(Address(bytes: address.bytes) == address, "\(address) has other bytes")
    }
    guard let endpoint = Endpoint(text: text) else { return }
    require(Endpoint(text: "\(endpoint)") == endpoint, "\(endpoint) is read otherwise")
  }

  private static func safeText(_ text: String) {
    let shown = SafeText.visible(text)
    require(!shown.unicodeScalars.contains(where: SafeText.isHidden), "hidden text in '\(shown)'")
    require(SafeText.visible(bytes: Array(text.utf8)) == shown, "bytes are shown otherwise")
  }
}
