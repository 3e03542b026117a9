import Foundation

/// A torrent that a test shares.
struct Torrent {
  var metainfo: URL
  /// Forty hexadecimal digits.
  var infoHash: String
  var magnet: String

  /// Made by shoal when shoal is to seed it, and otherwise by a stranger.
  static func make(
    by seeder: ClientKind, of payload: URL, announce: String, in arena: Arena
  ) async throws -> Torrent {
    seeder == .shoal
      ? try await makeWithShoal(of: payload, announce: announce, in: arena)
      : try await makeWithLibtorrent(of: payload, announce: announce, in: arena)
  }

  /// Made by libtorrent, the magnet link by hand. Without an announce URL it has no tracker.
  static func makeWithLibtorrent(
    of payload: URL, announce: String?, isPrivate: Bool = false, in arena: Arena
  ) async throws -> Torrent {
    let metainfo = arena.folder.appending(path: "by-libtorrent.torrent")
    var arguments = [
      "create", payload.path, metainfo.path, "--piece-length", String(Payload.pieceLength),
    ]
    if let announce { arguments += ["--tracker", announce] }
    if isPrivate { arguments.append("--private") }
    let output = try await arena.run(
      "libtorrent-create", Arena.support.appending(path: "libtorrent-peer").path, arguments)
    let infoHash = output.trimmingCharacters(in: .whitespacesAndNewlines)
    var magnet = "magnet:?xt=urn:btih:\(infoHash)&dn=\(escape(payload.lastPathComponent))"
    if let announce { magnet += "&tr=\(escape(announce))" }
    return Torrent(metainfo: metainfo, infoHash: infoHash, magnet: magnet)
  }

  /// Made by `shoal create`, the magnet link by `shoal magnet`.
  private static func makeWithShoal(
    of payload: URL, announce: String, in arena: Arena
  ) async throws -> Torrent {
    let metainfo = arena.folder.appending(path: "by-shoal.torrent")
    let shoal = try Arena.shoal()
    _ = try await arena.run(
      "shoal-create", shoal,
      ["create", payload.path, "-o", metainfo.path, "--tracker", announce])
    let output = try await arena.run("shoal-magnet", shoal, ["magnet", metainfo.path])
    let magnet = output.trimmingCharacters(in: .whitespacesAndNewlines)
    guard magnet.hasPrefix("magnet:?"), let range = magnet.range(of: "xt=urn:btih:") else {
      throw Failure("shoal magnet printed no link but: \(magnet)")
    }
    let infoHash = String(magnet[range.upperBound...].prefix(40))
    return Torrent(metainfo: metainfo, infoHash: infoHash, magnet: magnet)
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
