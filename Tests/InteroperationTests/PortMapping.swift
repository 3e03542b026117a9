import Foundation
import Testing

extension Interoperation {
  @Suite struct PortMapping {
    @Test(arguments: Router.Speech.allCases)
    func `who shares behind a router is reached through it`(speech: Router.Speech) async throws {
      try await Arena.run { arena in
        let payload = Payload.folder
        let original = try arena.makeFolder("original")
        let copy = try arena.makeFolder("copy")
        let torrent = try await Torrent.makeWithLibtorrent(
          of: try payload.write(below: original), announce: nil, in: arena)
        let router = try await Router(speaking: speech, in: arena)
        let seed = try router.start(
          "shoal-seed", try Arena.shoal(),
          [
            "seed", torrent.metainfo.path, "--data", original.path, "--listen", "[::]:16881",
            "--port-mapping", "--no-local-discovery", "--json",
          ])
        var outside = 0
        try await wait(until: "the router lets peers in", within: .seconds(20)) {
          for line in seed.output().split(separator: "\n") {
            let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            guard event?["event"] as? String == "port-mapping" else { continue }
            #expect(event?["state"] as? String == "mapped")
            #expect(event?["message"] as? String == speech.rawValue)
            #expect(event?["port"] as? Int == 16881)
            outside = event?["outside"] as? Int ?? 0
          }
          return outside > 0
        }
        #expect(try await router.openPorts() == 1)
        _ = try await arena.run(
          "shoal-get", try Arena.shoal(),
          [
            "get", torrent.metainfo.path, "-o", copy.path, "--listen",
            "\(try Arena.allocateAddress())", "--peer", "\(router.address):\(outside)",
            "--no-local-discovery", "--stall-timeout", "20s",
          ])
        try payload.expectEqual(original, copy, madeBy: .shoal)
        seed.end(with: SIGINT)
        try await wait(until: "the port is closed", within: .seconds(10)) {
          try await router.openPorts() == 0
        }
      }
    }
  }
}
