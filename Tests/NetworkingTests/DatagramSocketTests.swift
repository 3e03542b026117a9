import DeterministicCore
import Networking
import Testing
import TorrentModel

@Suite("A datagram socket")
struct DatagramSocketTests {
  @Test("hands over what comes, with its sender, who can be answered")
  func echo() throws {
    let reactor = try Reactor()
    var server: DatagramSocket?
    server = try DatagramSocket(on: ListenerTests.anyPort, reactor: reactor) { bytes, sender in
      server?.send(bytes.reversed(), to: sender)
    }
    let serverEndpoint = try #require(server?.endpoint)
    var answers: [[UInt8]] = []
    var senders: Set<Endpoint> = []
    let client = try DatagramSocket(on: ListenerTests.anyPort, reactor: reactor) { bytes, sender in
      answers.append(bytes)
      senders.insert(sender)
    }
    let questions: [[UInt8]] = [[1, 2, 3], [], [UInt8](0...255)]
    for question in questions { client.send(question, to: serverEndpoint) }
    reactor.run { answers.count == 3 }
    #expect(answers == questions.map { $0.reversed() })
    #expect(senders == [serverEndpoint])
    server?.close()
    client.close()
  }

  @Test("goes on receiving after a datagram of its own was refused")
  func refusal() throws {
    let reactor = try Reactor()
    var received: [[UInt8]] = []
    let socket = try DatagramSocket(on: ListenerTests.anyPort, reactor: reactor) { bytes, _ in
      received.append(bytes)
    }
    socket.send([1], to: try deadEndpoint())
    reactor.run(for: .milliseconds(5))
    socket.send([2], to: socket.endpoint)
    reactor.run { !received.isEmpty }
    #expect(received == [[2]])
    socket.close()
  }

  @Test("closed by whom it hands a datagram to hands over no more, and sends nothing")
  func closingWhileReceiving() throws {
    let reactor = try Reactor()
    var count = 0
    var socket: DatagramSocket?
    socket = try DatagramSocket(on: ListenerTests.anyPort, reactor: reactor) { _, _ in
      count += 1
      socket?.close()
    }
    let endpoint = try #require(socket?.endpoint)
    for _ in 0..<5 { socket?.send([1], to: endpoint) }
    reactor.run { count > 0 }
    socket?.send([2], to: endpoint)
    reactor.run(for: .milliseconds(10))
    #expect(count == 1)
    #expect(throws: Never.self) {
      try DatagramSocket(on: endpoint, reactor: reactor) { _, _ in }.close()
    }
  }

  @Test("that answers also sends by itself, whatever the number, by the end of the turn")
  func sendingMany() throws {
    final class Silent: DatagramResponder {
      func beginBatch() {}
      func answer(_ request: RawSpan, from source: Endpoint, into reply: inout OutputRawSpan) {}
    }
    let reactor = try Reactor()
    let responder = Silent()
    let server = try DatagramServer(
      on: ListenerTests.anyPort, reactor: reactor, longestReply: 100, responder: responder)
    var received: [[UInt8]] = []
    let socket = try DatagramSocket(on: ListenerTests.anyPort, reactor: reactor) { bytes, sender in
      #expect(sender == server.endpoint)
      received.append(bytes)
    }
    let sent = (0..<200).map { [UInt8](repeating: UInt8($0), count: $0 % 100) }
    for bytes in sent { server.send(bytes, to: socket.endpoint) }
    server.send([UInt8](repeating: 1, count: 101), to: socket.endpoint)
    reactor.run { received.count == 200 }
    #expect(received == sent)
    server.close()
    server.send([1], to: socket.endpoint)
    reactor.run(for: .milliseconds(5))
    #expect(received.count == 200)
    socket.close()
  }
}
