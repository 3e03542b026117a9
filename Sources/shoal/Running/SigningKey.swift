import Hashing
import Storage
import TorrentModel

/// A key of a person or a machine, which others know by its public half: a seed of ed25519 in a file
/// of its own that nobody else may read.
struct SigningKey {
  let seed: [UInt8]
  /// 32 bytes.
  let publicKey: [UInt8]

  /// The key in a file; nil where there is no file.
  ///
  /// - Parameter flag: by which another file can be named.
  init?(at path: String, flag: String) throws(CommandError) {
    let bytes: [UInt8]?
    do {
      bytes = try WholeFile.read(at: path, atMost: 100)
    } catch {
      throw CommandError(error)
    }
    guard let bytes else { return nil }
    let text = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard let first = text.first, let seed = Hexadecimal.decode(first),
      let publicKey = Ed25519.publicKey(of: seed)
    else {
      throw CommandError(
        .usage, "not a key: 64 hexadecimal digits are wanted", on: path,
        remedy: "name another file with --\(flag)")
    }
    self.seed = seed
    self.publicKey = publicKey
  }

  /// Makes a key and keeps it in a file, which lasts once this has returned.
  init(makingAt path: String) throws(CommandError) {
    var system = SystemRandomNumberGenerator()
    seed = (0..<Ed25519.keyLength).map { _ in UInt8.random(in: .min ... .max, using: &system) }
    guard let publicKey = Ed25519.publicKey(of: seed) else {
      throw CommandError(.failure, "libcrypto makes no key of ed25519")
    }
    self.publicKey = publicKey
    do {
      try WholeFile.makeFolder(of: path)
      try WholeFile.write(Array((Hexadecimal.encode(seed) + "\n").utf8), to: path, mode: 0o600)
    } catch {
      throw CommandError(error)
    }
  }

  /// The key in a file, made where there is none.
  static func made(at path: String, flag: String) throws(CommandError) -> SigningKey {
    if let known = try SigningKey(at: path, flag: flag) { return known }
    return try SigningKey(makingAt: path)
  }

  /// By which what a person publishes is known to be that person's.
  ///
  /// - Parameter path: nil for the usual one.
  static func publisher(at path: String?) throws(CommandError) -> SigningKey {
    try made(at: file(path, StateFolder.publisherKey, flag: "key"), flag: "key")
  }

  /// A file that was named, or the usual one.
  static func file(
    _ path: String?, _ usual: String?, flag: String
  ) throws(CommandError) -> String {
    guard let path = path ?? usual else {
      throw .usage(
        "neither XDG_STATE_HOME nor HOME names a folder for the key",
        remedy: "name a file with --\(flag)")
    }
    return path
  }
}
