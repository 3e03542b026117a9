import Hashing
import Testing

@testable import TorrentModel

@Suite("A ring's name") struct RingNameTests {
  @Test("is read as it is written, in either case")
  func texts() {
    let key = String(repeating: "0f", count: 32)
    for text in ["open-0123456789abcdef", key] {
      #expect(RingName(text: text)?.description == text)
      #expect(RingName(text: text.uppercased())?.description == text)
    }
    #expect(RingName(text: key)?.isOpen == false)
    #expect(RingName(word: "test").description == "open-9f86d081884c7d65")
    for text in ["", "open-", "open-0123", "open-0123456789abcdefff", "closed", key + "00"] {
      #expect(RingName(text: text) == nil, "\(text)")
    }
  }

  @Test("stands in a link with nodes to begin with")
  func links() throws {
    let start = "magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567"
    let text = start + "&x.ring=open-0123456789abcdef&x.rb=192.0.2.1:6881&x.rb=node.example:1"
    let link = try MagnetLink(parsing: text)
    #expect(link.ring?.name == .open(0x0123_4567_89ab_cdef))
    #expect(link.ring?.nodes.map(\.description) == ["192.0.2.1:6881", "node.example:1"])
    #expect(link.text == text)
    #expect(try MagnetLink(parsing: start + "&x.rb=192.0.2.1:6881").ring == nil)
    #expect(try MagnetLink(parsing: start + "&x.ring=nonsense").ring == nil)
    let many = (1...100).map { "&x.rb=192.0.2.1:\($0)" }.joined()
    let bounded = try MagnetLink(parsing: start + "&x.ring=open-0123456789abcdef" + many)
    #expect(bounded.ring?.nodes.count == RingReference.mostNodes)
  }

  @Test("stands in a .torrent file outside of what is hashed")
  func metainfo() throws {
    let layout = try FileLayout(
      name: "x", isSingleFile: true, files: [(["x"], 10)])
    var builder = MetainfoBuilder(layout: layout, pieceLength: 16 << 10)
    let plain = try Metainfo(builder.document(hashes: [.zero]))
    builder.ring = RingReference(
      .open(7), nodes: [.init(host: "node.example", port: 1), .init(host: "2001:db8::1", port: 2)])
    let metainfo = try Metainfo(builder.document(hashes: [.zero]))
    #expect(metainfo.ring == builder.ring)
    #expect(metainfo.magnet.ring == builder.ring)
    #expect(metainfo.info.infoHash == plain.info.infoHash)
    #expect(plain.ring == nil)
  }
}
