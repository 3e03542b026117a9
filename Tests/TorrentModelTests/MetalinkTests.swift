import Hashing
import Testing
import TorrentModel

@Suite struct MetalinkTests {
  private static let hash = "0123456789abcdef0123456789ABCDEF01234567"

  private func document(
    name: String = "a &amp; b.iso", size: String = "5", pieces: Int = 2, type: String = "sha-1"
  ) -> [UInt8] {
    let hashes = String(repeating: "<hash> \(Self.hash)\n</hash>", count: pieces)
    return Array(
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <!-- made by hand <file> -->
      <metalink xmlns="urn:ietf:params:xml:ns:metalink">
        <generator>x</generator>
        <file name="\(name)">
          <size>\(size)</size>
          <hash type="sha-256">00</hash>
          <pieces length="3" type="\(type)">\(hashes)</pieces>
          <url priority="2">http://second.example/a</url>
          <url location="de" priority='1'><![CDATA[https://first.example/a?x=1&y=2]]></url>
          <url>ftp://never.example/a</url>
          <metaurl mediatype="torrent">http://first.example/a.torrent</metaurl>
        </file>
        <file name="other"><size>9</size></file>
      </metalink>
      """.utf8)
  }

  @Test func aFileAndWhereItIsAreRead() throws {
    let link = try Metalink(document())
    #expect(link.name == "a & b.iso")
    #expect(link.length == 5)
    #expect(link.urls == ["https://first.example/a?x=1&y=2", "http://second.example/a"])
    #expect(link.torrents == ["http://first.example/a.torrent"])
    let info = try Metainfo(try link.document()).info
    #expect(info.name == "a & b.iso" && info.layout.isSingleFile && info.layout.totalLength == 5)
    #expect(info.geometry.pieceLength == 3 && info.geometry.pieceCount == 2)
    let hash = try #require(Hexadecimal.decode(Self.hash).flatMap { Bytes20($0) })
    #expect(info.hashes(of: PieceIndex(1)).sha1 == hash)
    #expect(try Metainfo(try link.document()).webSeeds == link.urls)
  }

  @Test func version3IsReadToo() throws {
    let link = try Metalink(
      Array(
        """
        \u{feff}<metalink version="3.0"><files><file name="f"><size>3</size>
        <verification><hash type="sha1">\(Self.hash)</hash>
        <pieces length="4" type="sha1"><hash piece="0">\(Self.hash)</hash></pieces></verification>
        <resources><url type="http" preference="10">http://b/f</url>
        <url type="bittorrent">http://b/f.torrent</url>
        <url type="http" preference="90">http://a/f</url></resources></file></files></metalink>
        """.utf8))
    #expect(link.urls == ["http://a/f", "http://b/f"])
    #expect(link.torrents == ["http://b/f.torrent"])
    #expect(try Metainfo(try link.document()).info.geometry.pieceCount == 1)
  }

  @Test func whatCannotBeCheckedIsNoTorrent() throws {
    for document in [
      document(pieces: 1), document(type: "md5"), document(size: "x"), document(size: "0"),
    ] {
      #expect(throws: MetalinkError.self) { try Metalink(document).document() }
    }
  }

  @Test(arguments: [
    "", "<html/>", "<metalink>", "<metalink></other>", "<metalink><file name='a/b'/></metalink>",
    "<metalink><file name='..'/></metalink>", "<metalink><file/></metalink>", "<metalink a=1/>",
    "<!DOCTYPE metalink [<!ENTITY a 'b'>]><metalink/>", "<metalink>&lol;</metalink>",
    "<metalink a='1", "<metalink><!-- ", "<metalink><![CDATA[x</metalink>", "<>",
    "<metalink a='1' a='2'/>", "<metalink>\u{0}</metalink>",
    "<?xml version='1.0'?><!DOCTYPE m SYSTEM 'http://127.0.0.1/m.dtd'><metalink/>",
    "<metalink><file name='f'><pieces length='1' type='sha-1'><hash>00</hash></pieces></file>",
  ])
  func whatIsNoMetalinkIsRefused(text: String) {
    #expect(throws: MetalinkError.self) { try Metalink(Array(text.utf8)) }
  }

  /// What entities would have grown to is never made, and nothing is asked of any server.
  @Test func entitiesOfADocumentsOwnAreNotHeeded() {
    var text = "<!DOCTYPE m [<!ENTITY a0 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'>"
    for level in 1...30 { text += "<!ENTITY a\(level) '&a\(level - 1);&a\(level - 1);'>" }
    text += "<!ENTITY f SYSTEM 'file:///etc/passwd'>]><metalink>&a30;&f;</metalink>"
    #expect(throws: MetalinkError.malformed("a declaration of a document type", at: 12)) {
      try Metalink(Array(text.utf8))
    }
  }

  @Test func attributesAreBounded() {
    let many = (0..<17).map { " a\($0)='1'" }.joined()
    #expect(throws: MetalinkError.self) { try Metalink(Array("<metalink\(many)/>".utf8)) }
  }

  /// As other programs write it.
  @Test func otherEncodingsAreRead() throws {
    let text = "<metalink><file name='caf\u{e9}'><size>1</size></file></metalink>"
    let wide: [UInt8] =
      [0xff, 0xfe] + text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    let narrow =
      Array("<?xml version='1.0' encoding='ISO-8859-1'?>".utf8)
      + text.unicodeScalars.map { UInt8($0.value) }
    for document in [Array(text.utf8), wide, narrow] {
      #expect(try Metalink(document).name == "caf\u{e9}")
    }
  }

  @Test func depthIsBounded() {
    let deep = "<metalink>" + String(repeating: "<a>", count: 100_000)
    #expect(throws: MetalinkError.malformed("elements too deep", at: 103)) {
      try Metalink(Array(deep.utf8))
    }
  }
}
