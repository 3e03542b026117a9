import DeterministicCore
import Testing

@testable import SwarmLogic
@testable import TorrentModel

@Suite struct ForesightTests {
  /// The lines that are fetched ahead are those in which the fields lie.
  @Test func theLinesOfAPeerAreThoseThatAreLookedAt() {
    var peer = PeerState(
      endpoint: Endpoint(.v4(1), port: 1), isOutgoing: false, phase: .connected, at: .zero,
      pipeline: RequestPipeline(blockLength: 16))
    // A slot begins with its generation, a word before the element.
    let start = withUnsafePointer(to: &peer) { UInt(bitPattern: $0) } - 8
    func lines<Field>(_ field: UnsafePointer<Field>) -> Range<Int> {
      let offset = Int(UInt(bitPattern: field) - start)
      return offset / 64..<(offset + MemoryLayout<Field>.size - 1) / 64 + 1
    }
    let first = lines(&peer.lastReceived).lowerBound
    #expect(first == 0 && lines(&peer.isUploadOnly).upperBound == 1)
    let downloads = [lines(&peer.requests), lines(&peer.pipeline), lines(&peer.down)]
    #expect(downloads.allSatisfy { Swarm.downloadLines.contains($0) }, "\(downloads)")
    let uploads = [lines(&peer.queuedUploads), lines(&peer.revealed), lines(&peer.up)]
    #expect(uploads.allSatisfy { Swarm.uploadLines.contains($0) }, "\(uploads)")
  }

  @Test func theLinesOfASwarmAreThoseThatAreLookedAt() throws {
    let geometry = try #require(PieceGeometry(totalLength: 8 << 14, pieceLength: 1 << 14))
    var swarm = Swarm(
      infoHash: SwarmScript.infoHash, peerID: SwarmScript.peerID(1), listenPort: nil,
      configuration: SwarmConfiguration(), generator: SeededGenerator(seed: 1), at: .zero)
    var effects: [SwarmEffect] = []
    swarm.handle(
      .ready(geometry, have: Bitfield(count: 8), wanted: nil, metadata: []), at: .zero,
      into: &effects)
    let start = withUnsafePointer(to: &swarm) { UInt(bitPattern: $0) }
    func lines<Field: ~Copyable>(_ field: UnsafePointer<Field>) -> Range<Int> {
      let offset = Int(UInt(bitPattern: field) - start)
      return offset / 64..<(offset + MemoryLayout<Field>.size - 1) / 64 + 1
    }
    let announcement = [
      lines(&swarm.peers), lines(&swarm.wakeSetFor), lines(&swarm.hasFreePlace),
      lines(&swarm.picker!.have), lines(&swarm.picker!.missing),
      lines(&swarm.picker!.availability),
    ]
    #expect(
      announcement.allSatisfy { Swarm.announcementLines.contains($0) }, "\(announcement)")
    let picker = lines(&swarm.picker!)
    #expect(Swarm.pickerLines.contains(picker), "\(picker)")
    let request = [
      lines(&swarm.geometry), lines(&swarm.passingOn), lines(&swarm.spreading),
      lines(&swarm.configuration),
    ]
    #expect(request.allSatisfy { Swarm.requestLines.contains($0) }, "\(request)")
    let meters = [lines(&swarm.down), lines(&swarm.up)]
    #expect(meters[0] == Swarm.downLines && meters[1] == Swarm.upLines, "\(meters)")
  }
}
