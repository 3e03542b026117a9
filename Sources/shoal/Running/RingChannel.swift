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

  /// Puts an item where the channel is kept. - Parameter done: told whether it is kept.
  func put(_ item: Item, through service: ChordService, then done: @escaping (Bool) -> Void) {
    service.lookUp(target) { outcome in
      guard let owner = outcome.owner else { return done(false) }
      service.ask(owner, .put(item, cas: nil)) { result in
        if case .success = result { done(true) } else { done(false) }
      }
    }
  }

  // MARK: Reading

  /// The link of the torrent that the channel names: the newest that any of its keepers has.
  func follow(
    in ring: RingReference, showing wallet: RingWallet
  ) throws(CommandError) -> MagnetLink {
    let errand = try RingErrand(ring, showing: wallet)
    let reading = Reading()
    try errand.run {
      errand.service.lookUp(target) { outcome in
        let keepers = [outcome.owner].compactMap(\.self) + outcome.successors
        reading.pending = keepers.count
        if keepers.isEmpty { errand.end(.success(())) }
        for keeper in keepers {
          errand.service.ask(keeper, .get(target, newerThan: nil)) { result in
            reading.pending -= 1
            if case .success(.item(let item?)) = result { reading.take(item, of: self) }
            if reading.pending == 0 { errand.end(.success(())) }
          }
        }
        // Copies that are gone are not waited for.
        errand.reactor.schedule(after: .seconds(2)) { errand.end(.success(())) }
      }
    }
    guard let item = reading.newest, let link = Self.link(item, in: ring) else {
      throw CommandError(
        .noPeers, "the ring has nothing of this channel", on: text,
        remedy: "ask the publisher whether it was published within two hours")
    }
    return link
  }

  /// What the keepers answered so far.
  private final class Reading {
    var pending = 0
    private(set) var newest: Item?

    /// Only what the channel's own key signed counts, and of that the highest sequence number.
    func take(_ item: Item, of channel: RingChannel) {
      guard let signed = item.signed, signed.key == channel.key, signed.salt.isEmpty,
        let bytes = item.signedBytes,
        OpenSSLVerifier().isValid(signed.signature, of: bytes, by: signed.key),
        signed.sequence > newest?.signed?.sequence ?? -1
      else { return }
      newest = item
    }
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
