import DeterministicCore
import Glibc
import PeerWire
import Testing
import TorrentModel

@testable import Networking

@Suite("A transport that receives")
struct PeerTransportReceivingTests {
  @Test("lands blocks that come as they were asked for with no copy, more of them at a time")
  func rightGuesses() throws {
    let stage = try Stage(pieces: 64)
    let blocks = stage.content.blocks
    stage.delegate.requested = blocks
    stage.peer.send(blocks.flatMap { stage.content.message($0) })
    stage.reactor.run { stage.delegate.requested.isEmpty }
    #expect(stage.delegate.events == blocks.map { .completed($0, .inPlace) })
    #expect(blocks.allSatisfy(stage.content.isInPlace))
    #expect(stage.transport.predictionDepth > 8)
  }

  @Test("lands a block in its place without asking for it again when it comes whole")
  func predictedPath() throws {
    let stage = try Stage()
    let blocks = Array(stage.content.blocks.prefix(1))
    stage.delegate.requested = blocks
    // Sent before the loop runs, so that one read takes it all.
    stage.peer.send(stage.content.message(blocks[0]) + PeerMessage.unchoke.bytes)
    stage.peer.becameReady(.writable)
    stage.reactor.run { stage.delegate.messages.count == 1 }
    #expect(stage.delegate.events == [.completed(blocks[0], .inPlace), .message(.unchoke)])
    #expect(stage.delegate.count(.place) == 0)
  }

  @Test(
    "says what a peer said in order, whatever mix it is and however it is cut",
    arguments: 0..<60 as Range<UInt64>)
  func anyMix(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let cutting = Cutting.allCases[Int(seed % UInt64(Cutting.allCases.count))]
    var chunks = SeededGenerator(seed: seed + 1000)
    let stage = try Stage(pieces: 8, chunk: { cutting.length(using: &chunks) })
    var script = Script(content: stage.content)
    script.write(using: &generator)
    stage.delegate.requested = script.requested
    stage.delegate.shared = script.shared
    stage.peer.send(script.bytes)
    stage.reactor.run { stage.delegate.events.count == script.events.count }
    #expect(stage.delegate.events == script.events, "seed \(seed)")
    // What lay in its place once is still there after every wrong guess.
    for case .completed(let block, .inPlace) in stage.delegate.events {
      #expect(stage.content.isInPlace(block), "seed \(seed)")
    }
  }

  @Test("throws a block away whose request was taken back while it arrived, though asked again")
  func takenBack() throws {
    let stage = try Stage()
    let blocks = Array(stage.content.blocks.prefix(2))
    stage.delegate.requested = blocks
    let message = stage.content.message(blocks[0])
    stage.peer.send(Array(message.prefix(8000)))
    stage.reactor.run { stage.delegate.count(.landing) > 0 && stage.peer.hasSentAll }
    stage.transport.discardLanding { $0 == blocks[1] }
    stage.transport.discardLanding { $0 == blocks[0] }
    stage.peer.send(Array(message.dropFirst(8000)) + stage.content.message(blocks[1]))
    stage.reactor.run { stage.delegate.events.count == 2 }
    #expect(
      stage.delegate.events == [
        .completed(blocks[0], .discarded), .completed(blocks[1], .inPlace),
      ])
  }

  @Test(
    "drops the rest of a block that is wanted no more", arguments: [1, 13, 14, 8000, 16_396])
  func wantedNoMore(cut: Int) throws {
    let stage = try Stage()
    let blocks = Array(stage.content.blocks.prefix(2))
    stage.delegate.requested = blocks
    let message = stage.content.message(blocks[0])
    stage.peer.send(Array(message.prefix(cut)))
    stage.reactor.run { stage.delegate.count(.landing) > 0 && stage.peer.hasSentAll }
    stage.delegate.dropped = [blocks[0]]
    stage.peer.send(Array(message.dropFirst(cut)) + stage.content.message(blocks[1]))
    stage.reactor.run { stage.delegate.events.count == 2 }
    #expect(
      stage.delegate.events == [
        .completed(blocks[0], .discarded), .completed(blocks[1], .inPlace),
      ])
  }

  @Test("ends at a frame no peer sends, and tells what was said before it")
  func protocolFault() throws {
    let stage = try Stage()
    stage.peer.send(PeerMessage.haveAll.bytes + [0, 0, 0, 2, 0, 0] + PeerMessage.choke.bytes)
    stage.reactor.run { stage.delegate.end != nil }
    #expect(
      stage.delegate.events == [
        .message(.haveAll), .ended(.protocolFault(.badFrameLength(id: 0, length: 2))),
      ])
    stage.reactor.run { stage.peer.hasEnded }
  }

  @Test("ends when the peer says no more, be it in the middle of a block")
  func endOfStream() throws {
    let stage = try Stage()
    let block = stage.content.blocks[0]
    stage.delegate.requested = [block]
    stage.peer.send(
      PeerMessage.unchoke.bytes + Array(stage.content.message(block).prefix(5000)))
    stage.reactor.run { stage.peer.hasSentAll }
    stage.peer.finishSending()
    stage.reactor.run { stage.delegate.end != nil }
    #expect(stage.delegate.events == [.message(.unchoke), .ended(.endOfStream)])
  }

  @Test("takes what a peer sent before it broke the connection, though there is more to send it")
  func reset() throws {
    let stage = try Stage(pieces: 64)
    stage.peer.isReading = false
    for block in stage.content.blocks { stage.transport.send(block) }
    stage.reactor.run { stage.transport.outgoing.isBlocked && stage.delegate.count(.sent) > 0 }
    stage.reactor.run(for: .milliseconds(10))
    stage.peer.send(PeerMessage.have(1).bytes)
    stage.peer.becameReady(.writable)
    stage.peer.close(reset: true)
    stage.reactor.run { stage.delegate.end != nil }
    #expect(stage.delegate.messages == [.have(1)])
    guard case .network = stage.delegate.end else {
      Issue.record("ended with \(String(describing: stage.delegate.end))")
      return
    }
  }
}

/// How a stream is cut into chunks.
private enum Cutting: CaseIterable {
  case coarse
  case fine
  /// A block and its header a chunk, give or take a few bytes: headers come in two parts.
  case aroundBlocks
  case ofEverySize

  func length(using generator: inout SeededGenerator) -> Int {
    switch self {
    case .coarse: 1 + generator.below(200_000)
    case .fine: 1 + generator.below(3000)
    case .aroundBlocks: 16_384 + generator.below(2 * BlockHeader.length)
    case .ofEverySize: 1 + generator.below([3, 20, 300, 20_000, 100_000][generator.below(5)])
    }
  }
}

/// What a peer sends, made up at random, and what is to come of it.
private struct Script {
  let content: TestContent
  var requested: [Block] = []
  var shared: Set<Block> = []
  var bytes: [UInt8] = []
  var events: [RecordingDelegate.Event] = []

  init(content: TestContent) { self.content = content }

  mutating func write(using generator: inout SeededGenerator) {
    var all = content.blocks
    generator.shuffle(&all)
    requested = Array(all.prefix(all.count * 3 / 4)).sorted {
      ($0.piece, $0.offset) < ($1.piece, $1.offset)
    }
    shared = Set(requested.filter { _ in generator.below(8) == 0 })
    var pending = requested
    let unrequested = all.suffix(from: requested.count)
    // Some peers chatter, some deliver in order; most do a bit of everything.
    let chatter = 1 + generator.below(12)
    let disorder = 1 + generator.below(12)
    while !pending.isEmpty {
      if generator.below(chatter) == 0 { say(generator.below(2) == 0 ? .have(5) : .keepAlive) }
      if generator.below(40) == 0 {
        deliver(unrequested.randomElement(using: &generator), .discarded)
      }
      if generator.below(60) == 0 {
        say(.choke)
        // What was on its way when the requests were forgotten.
        for block in pending.prefix(generator.below(4)) { deliver(block, .discarded) }
        return say(.unchoke)
      }
      let index = generator.below(disorder) == 0 ? generator.below(pending.count) : 0
      let block = pending.remove(at: index)
      deliver(block, shared.contains(block) ? .aside : .inPlace)
    }
    say(.extended(id: 1, payload: generator.bytes(generator.below(3000))))
  }

  private mutating func say(_ message: PeerMessage) {
    bytes += message.bytes
    events.append(.message(message))
  }

  private mutating func deliver(_ block: Block?, _ landed: RecordingDelegate.Landed) {
    guard let block else { return }
    bytes += content.message(block)
    events.append(.completed(block, landed))
  }
}
