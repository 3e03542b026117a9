import DeterministicCore
import Hashing
import PeerWire
import TorrentModel

extension FuzzTarget {
  /// What peers say to each other.
  static var peerMessages: [FuzzTarget] {
    [
      .decoder(
        "handshake",
        seeds: [
          Handshake(
            infoHash: InfoHash(bytes: Array(repeating: 1, count: 20))!,
            peerID: PeerID(bytes: Array(repeating: 2, count: 20))!
          ).bytes
        ], handshake),
      .decoder(
        "proxy-exchange",
        seeds: [
          [0, 5, 0, 5, 0, 0, 1, 1, 2, 3, 4, 5, 6], [0, 5, 2, 1, 0, 5, 0, 0, 3, 1, 7, 0, 80],
          [1] + Array("HTTP/1.1 200 OK\r\n\r\n".utf8),
        ], proxyExchange),
      .decoder(
        "encrypted-handshake",
        seeds: [
          [0], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 1], [2],
          [3] + Array(repeating: 9, count: 96),
        ],
        encryptedHandshake),
      FuzzTarget(name: "peer-messages", kind: .decoder, seeds: [stream], run: peerMessages),
    ]
  }

  private static func handshake(_ bytes: [UInt8]) {
    guard let handshake = try? Handshake(bytes) else { return }
    require(handshake.bytes == bytes, "written otherwise")
    require(Handshake.isPlausible(bytes.prefix(7)), "a handshake that is not plausible")
  }

  /// A proxy that says whatever it likes: it comes to an end, and is left no byte too late.
  private static func proxyExchange(_ bytes: [UInt8]) {
    guard let first = bytes.first,
      let proxy = Proxy((first & 1 == 0 ? "socks5" : "http") + "://me:word@10.0.0.1:1080")
    else { return }
    var exchange = ProxyExchange(proxy, to: Endpoint(.v4(0x0102_0304), port: 6881))
    var rest = bytes.dropFirst()
    while !rest.isEmpty {
      require((1...300).contains(exchange.wanted), "\(exchange.wanted) bytes wanted")
      let part = Array(rest.prefix(exchange.wanted))
      rest = rest.dropFirst(part.count)
      guard let step = try? exchange.take(part), step != .done else { return }
    }
  }

  /// An end that says whatever it likes, from the first byte on or once keys are agreed on: the other
  /// comes to an end, and takes no more than a handshake may have. What is encrypted can be changed bit
  /// by bit without the key, so the input is laid over what an honest end says.
  private static func encryptedHandshake(_ bytes: [UInt8]) {
    guard let kind = bytes.first else { return }
    let input = Array(bytes.dropFirst())
    let torrent = InfoHash(bytes: Array(repeating: 1, count: 20))!
    var initiator = EncryptionInitiator(
      to: torrent, offering: [.plaintext, .rc4], saying: Array(repeating: 5, count: 68), firstChance
    )
    var responder = EncryptionResponder(accepting: [.rc4, .plaintext], secondChance)
    var taken = 0

    func tell(_ words: [UInt8]) -> (said: [UInt8], isOver: Bool) {
      var rest = words[...]
      var said: [UInt8] = []
      while !rest.isEmpty {
        require((1...5000).contains(responder.wanted), "\(responder.wanted) bytes wanted")
        let part = rest.prefix(responder.wanted)
        rest = rest.dropFirst(part.count)
        taken += part.count
        require(taken <= 6000, "a handshake of \(taken) bytes")
        guard let step = try? responder.take(part, for: { [torrent] }) else { return (said, true) }
        switch step {
        case .readOn: break
        case .send(let words): said += words
        case .done(let outcome): return (said + outcome.answer, true)
        }
      }
      return (said, false)
    }
    func answer(_ words: [UInt8]) -> [UInt8] {
      var rest = words[...]
      var said: [UInt8] = []
      while !rest.isEmpty {
        require((1...600).contains(initiator.wanted), "\(initiator.wanted) bytes wanted")
        let part = rest.prefix(initiator.wanted)
        rest = rest.dropFirst(part.count)
        guard let step = try? initiator.take(part) else { return said }
        switch step {
        case .readOn: break
        case .send(let words): said += words
        case .done: return said
        }
      }
      return said
    }
    func overlaid(_ words: [UInt8], from start: Int) -> [UInt8] {
      var words = words
      for (index, byte) in zip(words.indices.dropFirst(start), input) { words[index] ^= byte }
      return words + input.dropFirst(max(0, words.count - start))
    }

    switch kind & 3 {
    case 0: _ = tell(input)
    case 1: _ = answer(input)
    case 2:
      let request = answer(tell(initiator.opening).said)
      _ = tell(overlaid(request, from: 40))
    default:
      let request = answer(tell(initiator.opening).said)
      _ = answer(overlaid(tell(request).said, from: 0))
    }
  }

  private static let firstChance = chance(seed: 1)
  private static let secondChance = chance(seed: 2)

  private static func chance(seed: UInt64) -> EncryptionChance {
    var generator = SeededGenerator(seed: seed)
    return EncryptionChance(using: &generator)
  }

  /// However the stream is cut, the same is read; and what is read is written as it came.
  private static func peerMessages(_ input: UnsafeRawBufferPointer) {
    guard let first = input.first else { return }
    let stream = Array(input.dropFirst())
    var whole = PeerStream()
    whole.take(stream[...])
    var cut = PeerStream()
    var rest = stream[...]
    var step = first
    while !rest.isEmpty {
      let count = min(rest.count, 1 + Int(step % 37))
      cut.take(rest.prefix(count))
      rest = rest.dropFirst(count)
      step = step &* 31 &+ 7
    }
    require(whole.items == cut.items, "cut at \(first): \(cut.items), not \(whole.items)")
    require(whole.isBroken == cut.isBroken, "cut at \(first): a fault that depends on it")
    require(
      whole.isBroken || whole.decoder.bytesHeld == cut.decoder.bytesHeld, "held back otherwise")
    require(
      whole.written.elementsEqual(stream.prefix(whole.written.count)), "written otherwise")
  }

  /// A message of each kind, one block among them.
  private static var stream: [UInt8] {
    let block = Block(piece: PieceIndex(1), offset: 16384, length: 5)
    let range = HashRange(root: .zero, layer: 0, first: 2, count: 2, proofLayers: 1)
    let messages: [PeerMessage] = [
      .keepAlive, .choke, .unchoke, .interested, .notInterested, .have(PieceIndex(2)),
      .bitfield([0xf0]), .request(block), .cancel(block), .port(6881), .suggest(PieceIndex(3)),
      .haveAll, .haveNone, .reject(block), .allowedFast(PieceIndex(4)),
      .extended(id: 0, payload: Array("de".utf8)), .hashRequest(range), .hashReject(range),
      .hashes(range, [.zero, .zero]),
    ]
    var bytes: [UInt8] = [3]
    for message in messages { message.encode(into: &bytes) }
    BlockHeader.encode(block, into: &bytes)
    return bytes + [1, 2, 3, 4, 5] + PeerMessage.haveAll.bytes
  }
}

/// What a decoder has made of a stream so far.
private struct PeerStream {
  enum Item: Equatable {
    case message(PeerMessage)
    case block(Block, payload: [UInt8])
  }

  var decoder = PeerMessageDecoder()
  var items: [Item] = []
  var isBroken = false
  /// The items as the encoder writes them, up to the first message that only others send.
  var written: [UInt8] = []
  private var isWriting = true

  mutating func take(_ input: ArraySlice<UInt8>) {
    guard !isBroken else { return }
    let bytes = Array(input)
    var offset = 0
    do {
      while let item = try decoder.next(in: bytes.span.bytes, at: &offset) {
        take(item, of: bytes)
        require(decoder.bytesHeld <= 1 << 20, "more held than the longest frame")
      }
      require(offset == bytes.count, "input left behind")
    } catch {
      isBroken = true
    }
  }

  private mutating func take(_ item: PeerMessageDecoder.Item, of bytes: [UInt8]) {
    switch item {
    case .message(let message):
      items.append(.message(message))
      if case .unknown = message { isWriting = false }
      if isWriting { message.encode(into: &written) }
    case .block(let block):
      items.append(.block(block, payload: []))
      if isWriting { BlockHeader.encode(block, into: &written) }
    case .payload(let range):
      guard case .block(let block, let payload)? = items.last else {
        fatalError("payload without a block")
      }
      items[items.count - 1] = .block(block, payload: payload + bytes[range])
      require(payload.count + range.count <= Int(block.length), "more payload than the block has")
      if isWriting { written += bytes[range] }
    }
  }
}
