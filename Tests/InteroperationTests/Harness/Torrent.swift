import Foundation

/// A torrent that a test shares.
struct Torrent {
  var metainfo: URL
  /// Forty hexadecimal digits: what trackers call it.
  var infoHash: String
  /// The whole info-hashes, that of version 1 first.
  var infoHashes: [String]
  var magnet: String

  /// What its metainfo is a torrent of.
  enum Version: String, CaseIterable, Sendable {
    case v1, v2, hybrid
  }

  /// Made by shoal when shoal is to seed it, and otherwise by a stranger.
  static func make(
    by seeder: ClientKind, of payload: URL, version: Version = .v1, announce: String,
    in arena: Arena
  ) async throws -> Torrent {
    seeder == .shoal
      ? try await makeWithShoal(of: payload, version: version, announce: announce, in: arena)
      : try await makeWithLibtorrent(of: payload, version: version, announce: announce, in: arena)
  }

  /// Made by libtorrent, the magnet link by hand. Without an announce URL it has no tracker.
  static func makeWithLibtorrent(
    of payload: URL, version: Version = .v1, announce: String?, isPrivate: Bool = false,
    in arena: Arena
  ) async throws -> Torrent {
    let metainfo = arena.folder.appending(path: "by-libtorrent.torrent")
    var arguments = [
      "create", payload.path, metainfo.path, "--piece-length", String(Payload.pieceLength),
      "--version", version.rawValue,
    ]
    if let announce { arguments += ["--tracker", announce] }
    if isPrivate { arguments.append("--private") }
    let output = try await arena.run(
      "libtorrent-create", Arena.support.appending(path: "libtorrent-peer").path, arguments)
    let infoHashes = output.split(separator: "\n").map(String.init)
    // A hybrid torrent by its name of version 2 alone: whoever fetches it has to find the other.
    let names = version == .v1 ? "btih:\(infoHashes[0])" : "btmh:1220\(infoHashes.last ?? "")"
    var magnet = "magnet:?xt=urn:\(names)&dn=\(escape(payload.lastPathComponent))"
    if let announce { magnet += "&tr=\(escape(announce))" }
    return Torrent(
      metainfo: metainfo, infoHash: String(infoHashes[0].prefix(40)), infoHashes: infoHashes,
      magnet: magnet)
  }

  /// Made by `shoal create`, the magnet link by `shoal magnet`.
  private static func makeWithShoal(
    of payload: URL, version: Version, announce: String, in arena: Arena
  ) async throws -> Torrent {
    let metainfo = arena.folder.appending(path: "by-shoal.torrent")
    let shoal = try Arena.shoal()
    _ = try await arena.run(
      "shoal-create", shoal,
      ["create", payload.path, "-o", metainfo.path, "--tracker", announce, "--\(version.rawValue)"]
        + (version == .v1 ? [] : ["--piece-length", String(Payload.pieceLength)]))
    let output = try await arena.run("shoal-magnet", shoal, ["magnet", metainfo.path])
    let magnet = output.trimmingCharacters(in: .whitespacesAndNewlines)
    let names = [("xt=urn:btih:", 40), ("xt=urn:btmh:1220", 64)]
    let infoHashes = names.compactMap { name, count in
      magnet.range(of: name).map { String(magnet[$0.upperBound...].prefix(count)) }
    }
    guard magnet.hasPrefix("magnet:?"), let first = infoHashes.first else {
      throw Failure("shoal magnet printed no link but: \(magnet)")
    }
    return Torrent(
      metainfo: metainfo, infoHash: String(first.prefix(40)), infoHashes: infoHashes,
      magnet: magnet)
  }

  /// The info-hashes of what both make of a folder.
  static func infoHashes(
    of payload: URL, version: Version, in arena: Arena
  ) async throws -> (shoal: [String], libtorrent: [String]) {
    let announce = "http://tracker.example/announce"
    let shoal = try await makeWithShoal(
      of: payload, version: version, announce: announce, in: arena)
    let libtorrent = try await makeWithLibtorrent(
      of: payload, version: version, announce: announce, in: arena)
    return (shoal.infoHashes, libtorrent.infoHashes)
  }

  /// The info-hash as a query's value: every byte escaped.
  var escapedInfoHash: String {
    var result = ""
    for (index, digit) in infoHash.enumerated() {
      if index % 2 == 0 { result += "%" }
      result.append(digit)
    }
    return result
  }

  private static func escape(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
  }
}

/// What a leecher is given.
enum Source: String, CaseIterable, Sendable {
  case torrentFile, magnetLink

  func argument(_ torrent: Torrent) -> String {
    switch self {
    case .torrentFile: torrent.metainfo.path
    case .magnetLink: torrent.magnet
    }
  }
}
