import Foundation
import Testing

extension Interoperation {
  /// Files on a web server, beside which stands what they hash to.
  @Suite struct WebSources {
    enum Companion: CaseIterable {
      case torrent, metalink
      /// A Metalink that names a `.torrent` file instead of hashes.
      case metalinkToTorrent
    }

    /// Writes what lies beside the file of a payload; the hashes are libtorrent's.
    static func write(
      _ companion: Companion, beside file: URL, _ torrent: Torrent, at url: String, in arena: Arena
    ) async throws {
      switch companion {
      case .torrent:
        try FileManager.default.copyItem(
          at: torrent.metainfo, to: file.appendingPathExtension("torrent"))
      case .metalink:
        let program = """
          import sys, libtorrent
          info = libtorrent.torrent_info(sys.argv[1])
          print(f'<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="{info.name()}">')
          print(f'<size>{info.total_size()}</size>')
          print(f'<pieces length="{info.piece_length()}" type="sha-1">')
          for piece in range(info.num_pieces()):
              print(f'<hash>{info.hash_for_piece(piece).hex()}</hash>')
          print('</pieces></file></metalink>')
          """
        let text = try await arena.run(
          "metalink", "/usr/bin/python3", ["-c", program, torrent.metainfo.path])
        try Data(text.utf8).write(to: file.appendingPathExtension("meta4"))
      case .metalinkToTorrent:
        try FileManager.default.copyItem(
          at: torrent.metainfo,
          to: file.deletingLastPathComponent().appending(path: "elsewhere.torrent"))
        let text =
          "<metalink><file name='x'><metaurl mediatype='torrent'>\(url)elsewhere.torrent</metaurl>"
          + "</file></metalink>"
        try Data(text.utf8).write(to: file.appendingPathExtension("meta4"))
      }
    }

    @Test(arguments: Companion.allCases, [false, true])
    func `a file is fetched from its URL and checked by what lies beside it`(
      companion: Companion, isDamaged: Bool
    ) async throws {
      try await Arena.run { arena in
        let original = try arena.makeFolder("original")
        let served = try arena.makeFolder("served")
        let file = try Payload.file.write(below: original)
        let torrent = try await Torrent.makeWithLibtorrent(of: file, announce: nil, in: arena)
        let copy = served.appending(path: file.lastPathComponent)
        try FileManager.default.copyItem(at: file, to: copy)
        if isDamaged {
          let handle = try FileHandle(forUpdating: copy)
          try handle.write(contentsOf: Data([try Data(contentsOf: file)[0] ^ 1]))
          try handle.close()
        }
        let server = try await WebServer(serving: served, in: arena)
        try await Self.write(companion, beside: copy, torrent, at: server.url, in: arena)
        let target = try arena.makeFolder("copy")
        let shoal = try arena.start(
          "shoal-get", try Arena.shoal(),
          [
            "get", server.url + file.lastPathComponent, "-o", target.path, "--json",
            "--no-local-discovery", "--stall-timeout", isDamaged ? "2s" : "20s", "--listen",
            "\(try Arena.allocateAddress())",
          ])
        try await wait(until: "shoal ended", within: .seconds(40)) { shoal.exitCode() != nil }
        #expect(shoal.output().contains("\"complete\"") == !isDamaged)
        #expect((shoal.exitCode() == 0) == !isDamaged)
        guard !isDamaged else { return }
        let arrived = target.appending(path: file.lastPathComponent)
        #expect(try Data(contentsOf: arrived) == Data(contentsOf: file))
      }
    }

    @Test func `a file without hashes beside it is refused before it is fetched`() async throws {
      try await Arena.run { arena in
        let served = try arena.makeFolder("served")
        let file = try Payload.file.write(below: served)
        let server = try await WebServer(serving: served, in: arena)
        let shoal = try arena.start(
          "shoal-get", try Arena.shoal(),
          ["get", server.url + file.lastPathComponent, "-o", try arena.makeFolder("copy").path])
        try await wait(until: "shoal ended", within: .seconds(20)) { shoal.exitCode() != nil }
        #expect(shoal.exitCode() == 3)
        #expect(shoal.output().contains("nor a Metalink"))
      }
    }
  }
}
