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
}
