import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@testable import Networking

@Suite("A transport whose reading is paused")
struct PeerTransportPausingTests {
  @Test("reads nothing, then all of it, in order")
  func pausing() throws {
    let stage = try Stage(pieces: 8)
    let blocks = stage.content.blocks
    stage.delegate.requested = blocks
    stage.transport.pauseReading(true)
    stage.peer.send(blocks.flatMap { stage.content.message($0) })
    stage.reactor.run(for: .milliseconds(30))
    #expect(stage.delegate.calls.isEmpty)
    let turns = stage.reactor.turnCount
    stage.reactor.run(for: .milliseconds(50))
    #expect(stage.reactor.turnCount - turns < 10)
    stage.transport.pauseReading(false)
    stage.reactor.run { stage.delegate.requested.isEmpty }
    #expect(stage.delegate.events == blocks.map { .completed($0, .inPlace) })
  }

  @Test("from within a callback ends the turn's reading")
  func pausingWhileReceiving() throws {
    let stage = try Stage(pieces: 64, receiveBuffer: 4 << 20)
    let blocks = stage.content.blocks
    stage.delegate.requested = blocks
    // The kernel holds more than one read takes before the first.
    stage.transport.pauseReading(true)
    stage.peer.send(blocks.flatMap { stage.content.message($0) })
    stage.reactor.run(for: .milliseconds(30))
    stage.transport.pauseReading(false)
    stage.delegate.onCall = { call, transport in
      if call == .completed { transport.pauseReading(true) }
    }
    stage.reactor.run { stage.delegate.count(.completed) > 0 }
    stage.reactor.run(for: .milliseconds(30))
    let first = stage.delegate.count(.completed)
    // One read takes the one block guessed at first and what fits the tail.
    #expect(first <= 2 + ReceiveScratch.tailLength / (16 << 10))
    stage.delegate.onCall = { _, _ in }
    stage.transport.pauseReading(false)
    stage.reactor.run { stage.delegate.requested.isEmpty }
    #expect(stage.delegate.events == blocks.map { .completed($0, .inPlace) })
  }

  @Test("sends all the same")
  func sendingWhilePaused() throws {
    let stage = try Stage()
    stage.transport.pauseReading(true)
    for block in stage.content.blocks { stage.transport.send(block) }
    try stage.expect(
      stage.content.blocks.map { .block($0, stage.content.payload(of: $0)) })
    #expect(stage.delegate.count(.sent) == stage.content.blocks.count)
  }

  @Test("does not turn round when the peer says no more, and hears of it when it reads again")
  func halfClosed() throws {
    let stage = try Stage()
    stage.transport.pauseReading(true)
    stage.peer.send(PeerMessage.haveAll.bytes)
    stage.reactor.run { stage.peer.hasSentAll }
    stage.peer.finishSending()
    stage.reactor.run(for: .milliseconds(20))
    let turns = stage.reactor.turnCount
    stage.reactor.run(for: .milliseconds(100))
    #expect(stage.reactor.turnCount - turns < 10)
    #expect(stage.delegate.calls.isEmpty)
    stage.transport.pauseReading(false)
    stage.reactor.run { stage.delegate.end != nil }
    #expect(stage.delegate.events == [.message(.haveAll), .ended(.endOfStream)])
  }

  @Test("ends when the connection breaks, and delivers nothing of what it was not to read")
  func broken() throws {
    let stage = try Stage()
    stage.transport.pauseReading(true)
    stage.peer.send(PeerMessage.haveAll.bytes)
    stage.reactor.run { stage.peer.hasSentAll }
    stage.reactor.run(for: .milliseconds(5))
    stage.peer.close(reset: true)
    stage.reactor.run { stage.delegate.end != nil }
    #expect(stage.delegate.events.count == 1)
    let turns = stage.reactor.turnCount
    stage.reactor.run(for: .milliseconds(50))
    #expect(stage.reactor.turnCount - turns < 10)
  }
}
