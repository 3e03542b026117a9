import DeterministicCore
import Glibc
import Networking
import Testing
import TorrentModel

@Suite("A listener")
struct ListenerTests {
  static let anyPort = Endpoint(.v4(0x7f00_0001), port: 0)

  @Test("takes any free port and tells which, and who connects")
  func accepting() throws {
    let reactor = try Reactor()
    var accepted: [(socket: FileDescriptorBox, peer: Endpoint)] = []
    let listener = try Listener(on: Self.anyPort, reactor: reactor) { socket, peer in
      accepted.append((FileDescriptorBox(socket.release()), peer))
    }
    #expect(listener.endpoint.port != 0)
    #expect(listener.endpoint.address == .v4(0x7f00_0001))

    var clients: [FileDescriptorBox] = []
    for _ in 0..<100 {
      let client = try StreamSocket.connect(to: listener.endpoint, from: .v4(0x7f00_0002))
      clients.append(FileDescriptorBox(client.release()))
    }
    reactor.run { accepted.count == clients.count }
    #expect(Set(accepted.map(\.peer.port)).count == clients.count)
    #expect(accepted.allSatisfy { $0.peer.address == .v4(0x7f00_0002) })
    #expect(
      Set(clients.map { StreamSocket.localEndpoint(of: $0.number) })
        == Set(accepted.map { Optional($0.peer) }))
    #expect(accepted.allSatisfy { fcntl($0.socket.number, F_GETFL) & O_NONBLOCK != 0 })
    listener.close()
  }

  @Test("closed by whom it hands a connection to hands over no more, and its port is free")
  func closingWhileAccepting() throws {
    let reactor = try Reactor()
    var listener: Listener?
    var count = 0
    listener = try Listener(on: Self.anyPort, reactor: reactor) { _, _ in
      count += 1
      listener?.close()
    }
    let endpoint = try #require(listener?.endpoint)
    let clients = try (0..<5).map { _ in
      FileDescriptorBox(try StreamSocket.connect(to: endpoint, from: nil).release())
    }
    reactor.run { count > 0 }
    reactor.run(for: .milliseconds(10))
    #expect(count == 1)
    #expect(clients.count == 5)
    #expect(throws: Never.self) {
      try Listener(on: endpoint, reactor: reactor) { _, _ in }.close()
    }
  }

  @Test("on a port that is taken is an error that names the port")
  func portTaken() throws {
    let reactor = try Reactor()
    let listener = try Listener(on: Self.anyPort, reactor: reactor) { _, _ in }
    let endpoint = listener.endpoint
    #expect {
      _ = try Listener(on: endpoint, reactor: reactor) { _, _ in }
    } throws: { error in
      let error = error as? NetworkError
      return error?.code == EADDRINUSE && error?.subject == "\(endpoint)"
    }
    listener.close()
  }
}
