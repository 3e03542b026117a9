import Hashing
import Storage
import TorrentModel

/// The key by which what a person publishes is known to be that person's: a seed of ed25519 in a file
/// of its own, made when it is first needed.
struct PublisherKey {
  let seed: [UInt8]
  /// 32 bytes.
  let publicKey: [UInt8]

  /// - Parameter path: nil for the person's usual one.
  init(at path: String?) throws(CommandError) {
    guard let path = path ?? StateFolder.publisherKey else {
      throw .usage(
        "neither XDG_STATE_HOME nor HOME names a folder for the key",
        remedy: "name a file with --key")
    }
    let seed: [UInt8]
    if let known = try Self.read(path) { seed = known } else { seed = try Self.make(at: path) }
    guard let publicKey = Ed25519.publicKey(of: seed) else {
      throw CommandError(.failure, "not a key of ed25519", on: path)
    }
    self.seed = seed
    self.publicKey = publicKey
  }

  private static func read(_ path: String) throws(CommandError) -> [UInt8]? {
    let bytes: [UInt8]?
    do {
      bytes = try WholeFile.read(at: path, atMost: 100)
    } catch {
      throw CommandError(error)
    }
    guard let bytes else { return nil }
    let text = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard let first = text.first, let seed = Hexadecimal.decode(first),
      seed.count == Ed25519.keyLength
    else {
      throw CommandError(
        .usage, "not a key: 64 hexadecimal digits are wanted", on: path,
        remedy: "name another file with --key")
    }
    return seed
  }

  private static func make(at path: String) throws(CommandError) -> [UInt8] {
    var system = SystemRandomNumberGenerator()
    let seed = (0..<Ed25519.keyLength).map { _ in UInt8.random(in: .min ... .max, using: &system) }
    do {
      try WholeFile.makeFolder(of: path)
      try WholeFile.write(Array((Hexadecimal.encode(seed) + "\n").utf8), to: path, mode: 0o600)
    } catch {
      throw CommandError(error)
    }
    return seed
  }
}
