import Hashing
public import TorrentModel

extension PeerMessage {
  /// Appends the message, length prefix included.
  ///
  /// - Precondition: not `unknown`, which is only ever received.
  public func encode(into bytes: inout [UInt8]) {
    switch self {
    case .keepAlive: bytes.append(bigEndian: 0)
    case .choke: bytes.appendFrame(MessageID.choke)
    case .unchoke: bytes.appendFrame(MessageID.unchoke)
    case .interested: bytes.appendFrame(MessageID.interested)
    case .notInterested: bytes.appendFrame(MessageID.notInterested)
    case .have(let piece): bytes.appendFrame(MessageID.have, piece)
    case .bitfield(let field):
      bytes.append(bigEndian: UInt32(field.count + 1))
      bytes.append(MessageID.bitfield)
      bytes.append(contentsOf: field)
    case .request(let block): bytes.appendFrame(MessageID.request, block)
    case .cancel(let block): bytes.appendFrame(MessageID.cancel, block)
    case .port(let port):
      bytes.append(bigEndian: 3)
      bytes.append(MessageID.port)
      bytes.append(UInt8(port >> 8))
      bytes.append(UInt8(truncatingIfNeeded: port))
    case .suggest(let piece): bytes.appendFrame(MessageID.suggest, piece)
    case .haveAll: bytes.appendFrame(MessageID.haveAll)
    case .haveNone: bytes.appendFrame(MessageID.haveNone)
    case .reject(let block): bytes.appendFrame(MessageID.reject, block)
    case .allowedFast(let piece): bytes.appendFrame(MessageID.allowedFast, piece)
    case .extended(let id, let payload):
      bytes.append(bigEndian: UInt32(payload.count + 2))
      bytes.append(MessageID.extended)
      bytes.append(id)
      bytes.append(contentsOf: payload)
    case .hashRequest(let range): bytes.appendFrame(MessageID.hashRequest, range)
    case .hashes(let range, let nodes): bytes.appendFrame(MessageID.hashes, range, nodes)
    case .hashReject(let range): bytes.appendFrame(MessageID.hashReject, range)
    case .unknown: preconditionFailure("a message of unknown kind is never sent")
    }
  }

  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    encode(into: &bytes)
    return bytes
  }
}

/// What stands before the payload of a `piece` message (BEP 3).
public enum BlockHeader {
  /// Length prefix, message number, piece and offset, in bytes.
  public static let length = 13

  public static func encode(_ block: Block, into bytes: inout [UInt8]) {
    bytes.append(bigEndian: block.length + 9)
    bytes.append(MessageID.piece)
    bytes.append(bigEndian: block.piece.number)
    bytes.append(bigEndian: block.offset)
  }
}

extension [UInt8] {
  mutating func append(bigEndian word: UInt32) {
    append(UInt8(truncatingIfNeeded: word >> 24))
    append(UInt8(truncatingIfNeeded: word >> 16))
    append(UInt8(truncatingIfNeeded: word >> 8))
    append(UInt8(truncatingIfNeeded: word))
  }

  fileprivate mutating func appendFrame(_ id: UInt8) {
    append(bigEndian: 1)
    append(id)
  }

  fileprivate mutating func appendFrame(_ id: UInt8, _ piece: PieceIndex) {
    append(bigEndian: 5)
    append(id)
    append(bigEndian: piece.number)
  }

  fileprivate mutating func appendFrame(
    _ id: UInt8, _ range: HashRange, _ nodes: [Bytes32] = []
  ) {
    append(bigEndian: UInt32(1 + HashRange.length + 32 * nodes.count))
    append(id)
    append(contentsOf: range.root.bytes)
    for word in [range.layer, range.first, range.count, range.proofLayers] {
      append(bigEndian: word)
    }
    for node in nodes { append(contentsOf: node.bytes) }
  }

  fileprivate mutating func appendFrame(_ id: UInt8, _ block: Block) {
    append(bigEndian: 13)
    append(id)
    append(bigEndian: block.piece.number)
    append(bigEndian: block.offset)
    append(bigEndian: block.length)
  }
}
