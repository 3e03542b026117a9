import Foundation
import Testing

extension Interoperation {
  @Suite struct WebSeeds {
    /// A torrent of a payload, and what a `get` of it says when it is complete.
    struct Scene {
      let arena: Arena
      let payload: Payload
      let original: URL
      let copy: URL
      let torrent: Torrent

      init(_ payload: Payload, times: Int = 1, in arena: Arena) async throws {
        self.arena = arena
        self.payload = payload
        original = try arena.makeFolder("original")
        copy = try arena.makeFolder("copy")
        torrent = try await Torrent.makeWithLibtorrent(
          of: try payload.write(below: original, times: times), announce: nil, in: arena)
      }

      /// Neighbours are not looked for: other tests share the same payload at the same time.
      func start(_ arguments: [String]) throws -> ChildProcess {
        try arena.start(
          "shoal-get", try Arena.shoal(),
          ["get", torrent.metainfo.path, "--json", "-o", copy.path, "--listen"]
            + ["\(try Arena.allocateAddress())", "--no-local-discovery", "--stall-timeout", "20s"]
            + arguments)
      }

      /// Compares what arrived, and the sum of its sources with its size.
      func finish(_ process: ChildProcess) async throws -> (peers: Int, webSeeds: Int) {
        try await wait(until: "shoal ended", within: .seconds(60)) { process.exitCode() != nil }
        guard process.exitCode() == 0 else { throw Failure("shoal failed") }
        try payload.expectEqual(original, copy, madeBy: .shoal)
        for line in process.output().split(separator: "\n") {
          guard
            let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            event["event"] as? String == "complete"
          else { continue }
          guard let peers = event["fromPeers"] as? Int, let web = event["fromWebSeeds"] as? Int,
            let size = event["size"] as? Int
          else { throw Failure("no sources in \(line)") }
          #expect(peers + web == size)
          return (peers, web)
        }
        throw Failure("no complete event")
      }
    }

    @Test(arguments: Payload.allCases)
    func `a web server alone is enough`(payload: Payload) async throws {
      try await Arena.run { arena in
        let scene = try await Scene(payload, in: arena)
        let server = try await WebServer(serving: scene.original, in: arena)
        let split = try await scene.finish(scene.start(["--web-seed", server.url]))
        #expect(split.peers == 0)
      }
    }

    @Test func `peers and a web server share the work`() async throws {
      try await Arena.run { arena in
        let scene = try await Scene(.folder, times: 5, in: arena)
        let server = try await WebServer(serving: scene.original, rate: 1 << 20, in: arena)
        let address = try Arena.allocateAddress()
        _ = try arena.start(
          "shoal-seed", try Arena.shoal(),
          [
            "seed", scene.torrent.metainfo.path, "--data", scene.original.path, "--listen",
            "\(address)", "--up", "1MiB/s",
          ])
        try await wait(until: "the seeder listens", within: .seconds(20)) { address.accepts() }
        let split = try await scene.finish(
          scene.start(["--web-seed", server.url, "--peer", "\(address)"]))
        #expect(split.peers > 0 && split.webSeeds > 0)
      }
    }

    @Test func `peers carry on when a web server dies half-way`() async throws {
      try await Arena.run { arena in
        let scene = try await Scene(.folder, times: 5, in: arena)
        let server = try await WebServer(serving: scene.original, rate: 800 << 10, in: arena)
        let process = try scene.start(["--web-seed", server.url])
        let copy = scene.copy.appending(path: "tide pool/a.bin").path
        try await wait(until: "something has arrived", within: .seconds(20)) {
          let attributes = try? FileManager.default.attributesOfItem(atPath: copy)
          return (attributes?[.size] as? Int ?? 0) > 500_000
        }
        server.process.destroy()
        let address = try Arena.allocateAddress()
        _ = try await ClientKind.libtorrent.start(
          ClientOptions(
            folder: scene.original, source: scene.torrent.metainfo.path, address: address,
            seeds: true, peers: [try Self.listening(process)]), in: arena)
        let split = try await scene.finish(process)
        #expect(split.peers > 0 && split.webSeeds > 0)
      }
    }

    /// Where a `get` listens, by its first event.
    private static func listening(_ process: ChildProcess) throws -> SocketAddress {
      for line in process.output().split(separator: "\n") {
        let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        guard let text = (event?["listen"] as? [String])?.first,
          let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...])
        else { continue }
        return SocketAddress(host: String(text[..<colon]), port: port)
      }
      throw Failure("no started event")
    }

    @Test func `a server that lacks a file, and one that has it, make a whole`() async throws {
      try await Arena.run { arena in
        let scene = try await Scene(.folder, in: arena)
        let poor = try await WebServer(
          serving: scene.original, rules: "location ~ z.bin { return 404; }", in: arena)
        let slow = try await WebServer(
          serving: scene.original, rate: 400 << 10, in: arena)
        let split = try await scene.finish(
          scene.start(["--web-seed", poor.url, "--web-seed", slow.url]))
        #expect(split.peers == 0)
        #expect(poor.requests().contains { $0.contains("404") })
      }
    }

    @Test func `a server with other bytes is found out and its data thrown away`() async throws {
      try await Arena.run { arena in
        let scene = try await Scene(.file, in: arena)
        let forged = try arena.makeFolder("forged")
        let file = try Payload.file.write(below: forged)
        var bytes = try Data(contentsOf: file)
        bytes[1000] ^= 1
        try bytes.write(to: file)
        let liar = try await WebServer(serving: forged, in: arena)
        let honest = try await WebServer(serving: scene.original, rate: 1 << 20, in: arena)
        let process = try scene.start(["--web-seed", liar.url, "--web-seed", honest.url])
        _ = try await scene.finish(process)
        #expect(process.output().contains("\"web-seed\""))
      }
    }

    /// A torrent must not have us ask our neighbours for what it likes.
    @Test func `a near server that the torrent names is not asked`() async throws {
      try await Arena.run { arena in
        let scene = try await Scene(.file, in: arena)
        let server = try await WebServer(serving: scene.original, in: arena)
        let edited = arena.folder.appending(path: "edited.torrent").path
        _ = try await arena.run(
          "shoal-edit", try Arena.shoal(),
          ["edit", scene.torrent.metainfo.path, "--web-seed", server.url, "-o", edited])
        let process = try arena.start(
          "shoal-get", try Arena.shoal(),
          ["get", edited, "--json", "-o", scene.copy.path, "--stall-timeout", "2s"])
        try await wait(until: "shoal ended", within: .seconds(20)) { process.exitCode() != nil }
        #expect(process.exitCode() == 7)
        #expect(process.output().contains("not asked:"))
        #expect(server.requests().isEmpty)
      }
    }

    @Test func `a redirect leads on to the same server only`() async throws {
      try await Arena.run { arena in
        let scene = try await Scene(.file, in: arena)
        let far = try await WebServer(serving: scene.original, in: arena)
        let server = try await WebServer(
          serving: scene.original,
          rules: """
            location /here/ { rewrite ^/here/(.*)$ /$1 redirect; }
            location /away/ { rewrite ^/away/(.*)$ \(far.url)$1 redirect; }
            """, in: arena)
        let astray = try scene.start(["--web-seed", server.url + "away/", "--stall-timeout", "2s"])
        try await wait(until: "shoal ended", within: .seconds(20)) { astray.exitCode() != nil }
        #expect(astray.exitCode() == 7)
        #expect(far.requests().isEmpty)
        _ = try await scene.finish(scene.start(["--web-seed", server.url + "here/"]))
      }
    }

    @Test func `another client fetches from the server that shoal names`() async throws {
      try await Arena.run { arena in
        let payload = Payload.folder
        let folders = (try arena.makeFolder("original"), try arena.makeFolder("copy"))
        let path = try payload.write(below: folders.0)
        let server = try await WebServer(serving: folders.0, in: arena)
        let file = arena.folder.appending(path: "by-shoal.torrent").path
        _ = try await arena.run(
          "shoal-create", try Arena.shoal(),
          ["create", "--v1", path.path, "-o", file, "--web-seed", server.url])
        let client = try await ClientKind.libtorrent.start(
          ClientOptions(
            folder: folders.1, source: file, address: try Arena.allocateAddress(), seeds: false),
          in: arena)
        try await client.waitUntilComplete(within: .seconds(30))
        try payload.expectEqual(folders.0, folders.1, madeBy: .libtorrent)
      }
    }
  }
}
