import Bencoding
import ChordLogic
import ChordWire
import DeterministicCore
import Hashing
import Networking
import Session
import TorrentModel

/// The channel of a publisher: a signed item of a ring, found by the publisher's key alone, that names
/// the newest of the publisher's torrents (BEP 44).
struct RingChannel {
  let key: PublicKey

  /// As a source is spelled: `ring:` and the key's 64 hexadecimal digits.
  init?(text: String) {
    let prefix = "ring:"
    guard text.hasPrefix(prefix), let bytes = Hexadecimal.decode(text.dropFirst(prefix.count)),
      let key = PublicKey(bytes)
    else { return nil }
    self.key = key
  }

  init?(of publisher: SigningKey) {
    guard let key = PublicKey(publisher.publicKey) else { return nil }
    self.key = key
  }

  var text: String { "ring:" + Hexadecimal.encode(key.bytes) }

  private var target: Identifier { Item.target(of: key, salt: []) }

  // MARK: Writing

  /// The item that names a torrent from now on.
  ///
  /// - Parameter sequence: higher than that of any item before; seconds since 1970 are.
  func item(
    naming metainfo: Metainfo, sequence: Int64, by publisher: SigningKey
  ) -> Item? {
    var name = metainfo.info.name
    while name.utf8.count > Self.longestName { name.removeLast() }
    let value = BencodeEncoder.encode(
      .dictionary([
        ("ih", .string(metainfo.info.infoHash.bytes)), ("n", .string(name)),
      ]))
    guard let blank = Signature([UInt8](repeating: 0, count: Signature.length)),
      var signed = Optional(Item.Signed(key: key, sequence: sequence, signature: blank)),
      let bytes = Item(value: value, signed: signed)?.signedBytes,
      let signature = Ed25519.sign(bytes, with: publisher.seed).flatMap({ Signature($0) })
    else { return nil }
    signed.signature = signature
    return Item(value: value, signed: signed)
  }

  private static let longestName = 255

  /// Puts an item where the channel is kept. - Parameter done: told whether a quorum keeps it.
  func put(_ item: Item, through service: ChordService, then done: @escaping (Bool) -> Void) {
    ItemWrite(item, in: service) { done($0.isKept) }.start()
  }

  // MARK: Reading

  /// The link of the torrent that the channel names: the newest that a quorum of its keepers has, or
  /// where too few answer any of them.
  func follow(
    in ring: RingReference, showing wallet: RingWallet
  ) throws(CommandError) -> MagnetLink {
    let errand = try RingErrand(ring, showing: wallet)
    let reading = Reading()
    try errand.run {
      ItemRead(target, in: errand.service) { outcome in
        reading.item = outcome.item
        errand.end(.success(()))
      }.start()
    }
    guard let item = reading.item, let link = Self.link(item, in: ring) else {
      throw CommandError(
        .noPeers, "the ring has nothing of this channel", on: text,
        remedy: "ask the publisher whether it was published within two hours")
    }
    return link
  }

  /// What came of a read.
  private final class Reading {
    var item: Item?
  }

  private static func link(_ item: Item, in ring: RingReference) -> MagnetLink? {
    guard let value = try? BencodeDecoder().decode(item.value),
      let infoHash = value["ih"]?.string.flatMap({ InfoHash(bytes: $0) })
    else { return nil }
    var link = MagnetLink(infoHash: infoHash)
    link.displayName = value["n"]?.text
    link.ring = ring
    return link
  }
}
