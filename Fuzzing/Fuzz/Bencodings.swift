import Bencoding
import Hashing
import PeerWire
import TorrentModel

extension FuzzTarget {
  /// Bencoding and what is built on it alone.
  static var bencodings: [FuzzTarget] {
    [
      .decoder(
        "bencode",
        seeds: ["i-42e", "0:", "4:spam", "l4:spami7ee", "d3:bar4:spam3:fooi42ee", "lllleeee"].map {
          Array($0.utf8)
        }, bencode),
      .decoder("metainfo", seeds: [singleFile, manyFiles, version2, hybrid], metainfo),
      .decoder("extension-handshake", seeds: [extensionHandshakeSeed], extensionHandshake),
      .decoder(
        "metadata-message",
        seeds: [
          MetadataMessage.request(part: 3).payload, MetadataMessage.reject(part: 0).payload,
          MetadataMessage.data(part: 0, totalSize: 5, bytes: [1, 2, 3, 4, 5]).payload,
        ], metadataMessage),
      .decoder("exchange-message", seeds: [exchangeMessageSeed], exchangeMessage),
    ]
  }

  /// There is one way only to write a value, so what is taken is what the encoder writes.
  private static func bencode(_ bytes: [UInt8]) {
    let decoder = BencodeDecoder(limits: .init(depth: 64, values: 10_000, length: 1 << 20))
    guard let (value, end) = try? decoder.decodePrefix(bytes) else { return }
    require(end <= bytes.count, "a value that ends behind the input")
    require(value.range == 0..<end, "a value with another range than its own")
    require(BencodeEncoder.encode(value).elementsEqual(bytes[..<end]), "encoded otherwise")
    let whole = try? decoder.decode(bytes)
    require((whole != nil) == (end == bytes.count), "bytes behind a value")
  }

  private static func metainfo(_ bytes: [UInt8]) {
    guard let metainfo = try? Metainfo(bytes) else { return }
    let info = metainfo.info
    let geometry = info.geometry
    require(geometry.extent == info.layout.extent, "two extents of one torrent")
    require(geometry.totalLength >= info.layout.totalLength, "pieces shorter than the files")
    let pieces = (0..<geometry.pieceCount).map(PieceIndex.init)
    require(
      pieces.reduce(0) { $0 + UInt64(geometry.length(of: $1)) } == geometry.totalLength,
      "pieces that are not the torrent")
    for piece in pieces.prefix(3) { _ = info.check(of: piece) }
    let again = try? TorrentInfo(metadata: Array(info.bytes), expecting: info.infoHash)
    require(again?.bytes == info.bytes, "metadata that only a .torrent file may hold")
    let link = metainfo.magnet
    guard link.text.utf8.count <= MagnetLink.longestLink else { return }
    let parsed = try? MagnetLink(parsing: link.text)
    require(parsed?.infoHash == info.infoHash, "a link to another torrent")
  }

  /// The name is cut to a length once more, and may lose a scalar that was repaired.
  private static func extensionHandshake(_ payload: [UInt8]) {
    guard var handshake = try? ExtensionHandshake(payload: payload) else { return }
    handshake.clientVersion = nil
    let again = try? ExtensionHandshake(payload: handshake.payload)
    require(again == handshake, "\(handshake) is read back as \(String(describing: again))")
  }

  private static func metadataMessage(_ payload: [UInt8]) {
    guard let message = try? MetadataMessage(payload: payload), message != .unknown else { return }
    require((try? MetadataMessage(payload: message.payload)) == message, "read back otherwise")
  }

  private static func exchangeMessage(_ payload: [UInt8]) {
    guard let message = try? ExchangeMessage(payload: payload) else { return }
    require(message.added.count <= 2 * ExchangeMessage.mostRead, "more peers than are read")
    require((try? ExchangeMessage(payload: message.payload)) == message, "read back otherwise")
  }

  // MARK: Seeds

  private static var exchangeMessageSeed: [UInt8] {
    let four = Endpoint(.v4(0x0102_0304), port: 6881)
    let six = Endpoint(.v6(high: 0x2001_0db8 << 32, low: 1), port: 6882)
    return ExchangeMessage(
      added: [.init(four, .isReachable), .init(six, .isSeed)], dropped: [four, six]
    ).payload
  }

  private static var extensionHandshakeSeed: [UInt8] {
    var handshake = ExtensionHandshake()
    handshake.metadataID = 3
    handshake.exchangeID = 4
    handshake.metadataSize = 31_235
    handshake.requestQueue = 500
    handshake.clientVersion = "client 1.0"
    handshake.listenPort = 6881
    handshake.yourAddress = .v4(0x0a00_0001)
    return handshake.payload
  }

  private static func document(_ content: [(String, BencodeValue)], pieces: Int) -> [UInt8] {
    let info: [(String, BencodeValue)] =
      content + [
        ("name", .string("name")), ("piece length", .integer(16384)),
        ("pieces", .string([UInt8](repeating: 7, count: 20 * pieces))),
      ]
    return BencodeEncoder.encode(
      .dictionary([
        ("announce", .string("http://tracker/announce")),
        ("announce-list", .list([.list([.string("udp://tracker:1")])])),
        ("comment", .string("a comment")), ("info", .dictionary(info)),
        ("url-list", .string("http://seed/")),
      ]))
  }

  private static var version2: [UInt8] { document(of: .v2) }
  private static var hybrid: [UInt8] { document(of: .hybrid) }

  /// Of a file of three pieces, an empty one and a short one.
  private static func document(of version: TorrentVersion) -> [UInt8] {
    let listed = [(["a"], 40_000), (["b"], 0), (["c", "d"], 9)].map {
      ListedFile(path: $0.0, length: $0.1)
    }
    guard
      let layout = try? FileLayout(
        name: "name", isSingleFile: false, listed: listed, alignment: 16384)
    else { fatalError("the seed is no torrent") }
    return MetainfoBuilder(layout: layout, pieceLength: 16384, version: version).document(
      hashes: (0..<4).map {
        PieceHashes(sha1: SHA1.hash([$0]), root: SHA256.hash([$0]))
      })
  }

  private static var singleFile: [UInt8] {
    document([("length", .integer(20_000)), ("private", .integer(1))], pieces: 2)
  }

  private static var manyFiles: [UInt8] {
    let files = ["a", "b", "c"].map { name in
      BencodeValue.dictionary([
        ("length", .integer(9)), ("path", .list([.string("folder"), .string(name)])),
      ])
    }
    return document([("files", .list(files))], pieces: 1)
  }
}
