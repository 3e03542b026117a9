import Foundation
import Testing

/// `shoal tracker` as a service: who it is, and sockets that somebody else opened.
@Suite(.serialized) struct TrackerServiceTests {
  private static let announce = PrivateTracker.Announce(
    infoHash: String(repeating: "ab", count: 20), event: "started")

  /// What a service manager does: opens sockets, and becomes the service.
  private static let manager = """
    import os, socket, sys
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    tcp.bind(("127.0.0.1", 0))
    tcp.listen(64)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(tcp.getsockname())
    for place, source in ((30, tcp), (31, udp)): os.dup2(source.fileno(), place)
    for place in (3, 4): os.dup2(place + 27, place, inheritable=True)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2")
    os.execv(sys.argv[1], sys.argv[1:])
    """

  @Test(.enabled(if: TerminalSession.tool("python3") != nil))
  func socketsOfAServiceManagerAreServedByEveryThread() throws {
    try ShoalBinary.withFolder { folder in
      let words = ["tracker", "--open", "--workers", "2", "--data", "state", "--json"]
      try RunningShoal.with(
        ["-c", Self.manager, ShoalBinary.location.path] + words, in: folder,
        program: URL(fileURLWithPath: "/usr/bin/python3")
      ) { running in
        let tracker = try PrivateTracker(folder, running)
        let roads: [PrivateTracker.Ask] = [tracker.http, tracker.udp]
        for peer in 1...20 {
          var announce = Self.announce
          announce.peer = peer
          let failure = try roads[peer % 2](announce, nil)
          #expect(failure == nil)
        }
        running.signal(SIGTERM)
        #expect(try running.end().exitCode == 0)
      }
    }
  }

  @Test(.enabled(if: geteuid() == 0, "only root can become somebody else"))
  func rootBecomesAnotherUserForGood() throws {
    try ShoalBinary.withFolder { folder in
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: folder.path)
      let words = ["tracker", "--open", "--user", "nobody", "--data", "state", "--json"]
      try RunningShoal.with(words + ["--listen", "127.0.0.1:0"], in: folder) { running in
        let tracker = try PrivateTracker(folder, running)
        #expect(try tracker.http(Self.announce, key: nil) == nil)
        let status = try String(
          contentsOfFile: "/proc/\(running.processIdentifier)/status", encoding: .utf8)
        let user = try #require(getpwnam("nobody")?.pointee.pw_uid)
        #expect(status.contains("Uid:\t\(user)\t\(user)\t\(user)\t\(user)\n"))
        // To bind low ports, and nothing else.
        #expect(status.contains("CapEff:\t0000000000000400\n"), "\(status)")
        #expect(status.contains("NoNewPrivs:\t1\n"))
        running.signal(SIGTERM)
        #expect(try running.end().exitCode == 0)
      }
      let attributes = try FileManager.default.attributesOfItem(
        atPath: folder.appendingPathComponent("state").path)
      #expect(attributes[.ownerAccountName] as? String == "nobody")
    }
  }

  @Test func aUserThatIsNotThereIsAMisuse() throws {
    try ShoalBinary.withFolder { folder in
      let result = try RunningShoal.run(
        ["tracker", "--open", "--user", "no-such-user", "--listen", "127.0.0.1:0"], in: folder)
      #expect(result.exitCode == 2 && result.errors.contains("there is none"))
    }
  }

  @Test func sitesAreReadAndWhatIsNoneIsAMisuse() throws {
    try ShoalBinary.withFolder { folder in
      let result = try RunningShoal.run(
        ["tracker", "--open", "--site", "hall=10.0.0.0/99"], in: folder)
      #expect(result.exitCode == 2 && result.errors.contains("hall1=10.1.0.0/16"))
      try RunningShoal.with(
        [
          "tracker", "--open", "--json", "--site", "here=127.0.0.0/8", "--site", "b=10.0.0.0/8",
        ] + TransferFixture.listen, in: folder
      ) { running in
        let tracker = try PrivateTracker(folder, running)
        #expect(try tracker.http(Self.announce, key: nil) == nil)
        #expect(try tracker.udp(Self.announce, key: nil) == nil)
      }
    }
  }
}
