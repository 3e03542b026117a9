import DeterministicCore
import Glibc
import PeerWire
import Testing
import TorrentModel

@testable import Networking

@Suite("A transport that sends")
struct PeerTransportSendingTests {
  private func block(_ block: Block, of stage: Stage) -> Said {
    .block(block, stage.content.payload(of: block))
  }

  @Test("keeps messages and blocks in order through a socket that takes little at a time")
  func order() throws {
    let stage = try Stage(pieces: 16, sendBuffer: 4096, receiveBuffer: 4096)
    var generator = SeededGenerator(seed: 5)
    stage.delegate.mostPayload = 3000
    var expected: [Said] = []
    for block in stage.content.blocks {
      if generator.below(2) == 0 {
        let message = PeerMessage.have(PieceIndex(generator.below(1000)))
        stage.transport.send(message)
        expected.append(.message(message))
      }
      stage.transport.send(block)
      expected.append(self.block(block, of: stage))
      if generator.below(6) == 0 {
        let message = PeerMessage.extended(id: 1, payload: generator.bytes(9000))
        stage.transport.send(message)
        expected.append(.message(message))
      }
    }
    #expect(stage.transport.queuedBlocks == stage.content.blocks.count)
    #expect(stage.transport.queuedBytes > 9000)
    stage.reactor.run { stage.delegate.count(.sent) == stage.content.blocks.count }
    #expect(stage.transport.queuedBlocks == 0)
    try stage.expect(expected)
    #expect(stage.delegate.events == stage.content.blocks.map { .sent($0) })
    #expect(stage.transport.queuedBytes == 0)
  }

  @Test("answers requests as they come, all of them")
  func answering() throws {
    let stage = try Stage(pieces: 16)
    stage.delegate.answersRequests = true
    let blocks = stage.content.blocks
    stage.peer.send(blocks.flatMap { PeerMessage.request($0).bytes })
    try stage.expect(blocks.map { block($0, of: stage) })
  }

  @Test("takes blocks back that are not on their way")
  func unsending() throws {
    let stage = try Stage()
    let blocks = stage.content.blocks
    stage.transport.send(.unchoke)
    stage.transport.send(blocks[0])
    stage.transport.send(blocks[1])
    stage.transport.send(.have(1))
    stage.transport.send(blocks[2])
    #expect(stage.transport.unsend(blocks[1]))
    #expect(!stage.transport.unsend(blocks[1]))
    #expect(!stage.transport.unsend(blocks[3]))
    #expect(stage.transport.queuedBlocks == 2)
    stage.reactor.run { stage.delegate.count(.sent) == 2 }
    #expect(!stage.transport.unsend(blocks[0]))
    try stage.expect([
      .message(.unchoke), block(blocks[0], of: stage), .message(.have(1)),
      block(blocks[2], of: stage),
    ])
  }

  @Test("takes all blocks back but the one on its way, which arrives whole")
  func unsendingAll() throws {
    let stage = try Stage(pieces: 8, sendBuffer: 4096, receiveBuffer: 4096)
    stage.delegate.mostPayload = 1000
    stage.peer.isReading = false
    let blocks = stage.content.blocks
    for block in blocks { stage.transport.send(block) }
    stage.transport.send(.have(9))
    stage.reactor.run {
      stage.transport.outgoing.isBlocked && stage.transport.outgoing.blockProgress > 0
    }
    stage.reactor.run(for: .milliseconds(20))
    let gone = stage.delegate.count(.sent)
    let back = stage.transport.unsendAllBlocks()
    #expect(back == Array(blocks[(gone + 1)...]))
    #expect(!stage.transport.unsend(blocks[gone]))
    #expect(stage.transport.unsendAllBlocks().isEmpty)
    #expect(stage.transport.queuedBlocks == 1)
    stage.transport.send(.choke)

    stage.peer.isReading = true
    try stage.expect(
      blocks[...gone].map { block($0, of: stage) } + [.message(.have(9)), .message(.choke)])
  }

  @Test("waits for a peer that does not read without turning round")
  func waiting() throws {
    let stage = try Stage(pieces: 64, sendBuffer: 4096, receiveBuffer: 4096)
    stage.peer.isReading = false
    for block in stage.content.blocks { stage.transport.send(block) }
    stage.reactor.run { stage.transport.outgoing.isBlocked }
    stage.reactor.run(for: .milliseconds(50))
    let turns = stage.reactor.turnCount
    stage.reactor.run(for: .milliseconds(100))
    #expect(stage.reactor.turnCount - turns < 10)
    stage.peer.isReading = true
    stage.reactor.run { stage.delegate.count(.sent) == stage.content.blocks.count }
  }

  @Test("sends one connection's share in a turn, and the rest in the next ones")
  func fairness() throws {
    let stage = try Stage(pieces: 64, sendBuffer: 32 << 20, receiveBuffer: 32 << 20)
    stage.peer.isReading = false
    var sentByTurn: [Int: Int] = [:]
    stage.delegate.onCall = { call, _ in
      if call == .sent { sentByTurn[stage.reactor.turnCount, default: 0] += 1 }
    }
    for block in stage.content.blocks { stage.transport.send(block) }
    stage.reactor.run(for: .milliseconds(100))
    stage.peer.isReading = true
    stage.reactor.run { stage.delegate.count(.sent) == stage.content.blocks.count }
    #expect(sentByTurn.values.allSatisfy { $0 <= (1 << 20) / (16 << 10) + 1 })
    stage.delegate.onCall = { _, _ in }
  }

  @Test("tells that the peer has gone when sending finds it out")
  func peerGone() throws {
    let stage = try Stage(pieces: 64)
    stage.transport.pauseReading(true)
    stage.peer.isReading = false
    for block in stage.content.blocks { stage.transport.send(block) }
    stage.reactor.run { stage.transport.outgoing.isBlocked }
    stage.peer.close(reset: true)
    stage.reactor.run { stage.delegate.end != nil }
    guard case .network = stage.delegate.end else {
      Issue.record("ended with \(String(describing: stage.delegate.end))")
      return
    }
  }
}
