import Foundation
import Testing

extension Interoperation {
  @Suite struct Proxies {
    enum Kind: String, CaseIterable, Sendable {
      /// SOCKS 5.
      case microsocks
      /// CONNECT.
      case tinyproxy

      /// Starts it, wanting a password, and returns what shoal is told of it. It connects from its own
      /// address: from anybody's on this machine it would be taken for that peer, by libtorrent, too.
      func start(at address: SocketAddress, in arena: Arena) async throws -> String {
        let process: ChildProcess
        let scheme: String
        switch self {
        case .microsocks:
          process = try arena.start(
            "microsocks", "microsocks",
            ["-i", address.host, "-p", "\(address.port)", "-b", address.host, "-u", "me"]
              + ["-P", "word"])
          scheme = "socks5"
        case .tinyproxy:
          let file = arena.folder.appending(path: "tinyproxy.conf")
          let lines = [
            "Port \(address.port)", "Listen \(address.host)", "Bind \(address.host)", "Timeout 60",
            "BasicAuth me word",
          ]
          try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
          process = try arena.start("tinyproxy", "tinyproxy", ["-d", "-c", file.path])
          scheme = "http"
        }
        try await wait(until: "\(self) listens", within: .seconds(10)) {
          if let code = process.exitCode() { throw Failure("\(self) exited with \(code)") }
          return address.accepts()
        }
        return "\(scheme)://me:word@\(address)"
      }
    }

    /// A swarm of one seed, and a network from which it is to be reached through a proxy.
    struct Scene {
      let payload = Payload.folder
      let original: URL
      let copy: URL
      let torrent: Torrent
      let tracker: RunningTracker
      let address: SocketAddress
      let enclosure: Enclosure

      init(_ seeder: ClientKind, in arena: Arena) async throws {
        original = try arena.makeFolder("original")
        copy = try arena.makeFolder("copy")
        tracker = try RunningTracker.prepare(.opentracker)
        torrent = try await Torrent.makeWithLibtorrent(
          of: try payload.write(below: original), announce: tracker.announce, in: arena)
        try await tracker.start(tracking: torrent, in: arena)
        _ = try await seeder.seed(torrent, from: original, with: tracker, in: arena)
        address = try Arena.allocateAddress()
        enclosure = try await Enclosure(door: address, in: arena)
      }

      func get(_ arguments: [String]) async throws -> ChildProcess {
        let shoal = try enclosure.start(
          "shoal-get", try Arena.shoal(),
          ["get", torrent.metainfo.path, "-o", copy.path, "--json", "--stall-timeout", "20s"]
            + arguments)
        try await wait(until: "shoal ended", within: .seconds(60)) { shoal.exitCode() != nil }
        guard shoal.exitCode() == 0 else { throw Failure("shoal failed") }
        try payload.expectEqual(original, copy, madeBy: .shoal)
        return shoal
      }
    }

    @Test(arguments: Kind.allCases)
    func `peers and trackers are reached through a proxy and nothing goes around it`(
      kind: Kind
    ) async throws {
      try await Arena.run { arena in
        let scene = try await Scene(.libtorrent, in: arena)
        let proxy = try await kind.start(at: scene.address, in: arena)
        // Each of these would be a packet past the proxy: a datagram, and the look-up of a name.
        let shoal = try await scene.get([
          "--proxy", proxy, "--tracker", "udp://\(scene.tracker.address)/announce", "--tracker",
          "udp://tracker.invalid:6969/announce", "--peer", "peer.invalid:6881",
        ])
        #expect(shoal.output().contains("UDP does not go through the proxy"))
        let sent = try await scene.enclosure.sent()
        #expect(sent.through > 10 && sent.around == 0)
      }
    }

    @Test func `what goes around a proxy would be seen`() async throws {
      try await Arena.run { arena in
        // libtorrent listens on the one interface alone that its address is of.
        let scene = try await Scene(.shoal, in: arena)
        _ = try await scene.get([])
        let sent = try await scene.enclosure.sent()
        #expect(sent.through == 0 && sent.around > 10)
      }
    }

    @Test(arguments: Kind.allCases)
    func `a web seed is read through a proxy`(kind: Kind) async throws {
      try await Arena.run { arena in
        let payload = Payload.folder
        let original = try arena.makeFolder("original")
        let copy = try arena.makeFolder("copy")
        let torrent = try await Torrent.makeWithLibtorrent(
          of: try payload.write(below: original), announce: nil, in: arena)
        let server = try await WebServer(serving: original, in: arena)
        let address = try Arena.allocateAddress()
        let enclosure = try await Enclosure(door: address, in: arena)
        let proxy = try await kind.start(at: address, in: arena)
        let shoal = try enclosure.start(
          "shoal-get", try Arena.shoal(),
          [
            "get", torrent.metainfo.path, "-o", copy.path, "--proxy", proxy, "--web-seed",
            server.url, "--stall-timeout", "20s",
          ])
        try await wait(until: "shoal ended", within: .seconds(60)) { shoal.exitCode() != nil }
        guard shoal.exitCode() == 0 else { throw Failure("shoal failed") }
        try payload.expectEqual(original, copy, madeBy: .shoal)
        #expect(try await enclosure.sent().around == 0)
      }
    }
  }
}
