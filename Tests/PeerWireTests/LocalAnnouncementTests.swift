import PeerWire
import Testing
import TorrentModel

@Suite("Announcements on the local network")
struct LocalAnnouncementTests {
  private static let one = InfoHash(bytes: Array(repeating: 1, count: 20))!
  private static let two = InfoHash(bytes: Array(repeating: 0xab, count: 20))!

  @Test("stand on the wire as BEP 14 has them")
  func wireForm() {
    let announcement = LocalAnnouncement(
      infoHashes: [Self.one, Self.two], port: 6881, cookie: "c00k1e")
    let text = [
      "BT-SEARCH * HTTP/1.1", "Host: 239.192.152.143:6771", "Port: 6881", "Infohash: \(Self.one)",
      "Infohash: \(Self.two)", "cookie: c00k1e", "", "", "",
    ].joined(separator: "\r\n")
    #expect(announcement.bytes(to: LocalAnnouncement.groupV4) == Array(text.utf8))
    #expect(LocalAnnouncement(Array(text.utf8)) == announcement)
    #expect("\(LocalAnnouncement.groupV6)" == "[ff15::efc0:988f]:6771")
    #expect(LocalAnnouncement(announcement.bytes(to: LocalAnnouncement.groupV6)) == announcement)
  }

  @Test("are understood however their fields are spelt and ordered")
  func foreign() throws {
    let hash = "\(Self.two)".uppercased()
    let text = "BT-SEARCH * HTTP/1.1\r\nINFOHASH:\(hash)\r\nX: y\r\nport: 51413\r\n\r\n"
    let announcement = try #require(LocalAnnouncement(Array(text.utf8)))
    #expect(announcement.infoHashes == [Self.two])
    #expect(announcement.port == 51413 && announcement.cookie == nil)
  }

  @Test(
    "that lack something are none",
    arguments: [
      "", "BT-SEARCH * HTTP/1.1\r\n\r\n", "M-SEARCH * HTTP/1.1\r\nPort: 1\r\n",
      "BT-SEARCH * HTTP/1.1\r\nPort: 6881\r\n\r\n",
      "BT-SEARCH * HTTP/1.1\r\nPort: 6881\r\nInfohash: 0123\r\n\r\n",
      "BT-SEARCH * HTTP/1.1\r\nPort: 0\r\nInfohash: \(one)\r\n\r\n",
      "BT-SEARCH * HTTP/1.1\r\nPort: 65536\r\nInfohash: \(one)\r\n\r\n",
      "BT-SEARCH * HTTP/1.1\r\nPort: +1\r\nInfohash: \(one)\r\n\r\n",
      "BT-SEARCH * HTTP/1.1\r\nInfohash: \(one)\r\n\r\n",
    ])
  func incomplete(text: String) {
    #expect(LocalAnnouncement(Array(text.utf8)) == nil)
  }

  @Test("of many torrents fit a packet")
  func many() throws {
    let hashes = (0..<LocalAnnouncement.mostInfoHashes).map {
      InfoHash(bytes: Array(repeating: UInt8($0), count: 20))!
    }
    let bytes = LocalAnnouncement(infoHashes: hashes, port: 65535, cookie: "0123456789abcdef")
      .bytes(to: LocalAnnouncement.groupV6)
    #expect(bytes.count <= LocalAnnouncement.longest)
    #expect(LocalAnnouncement(bytes)?.infoHashes == hashes)
    let longer = Array("BT-SEARCH * HTTP/1.1\r\n".utf8) + Array(repeating: 0x41, count: 1400)
    #expect(LocalAnnouncement(longer) == nil)
  }
}
