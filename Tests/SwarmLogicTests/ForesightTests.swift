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
    let start = withUnsafePointer(to: &swarm) { UInt(bitPattern: $0) }
    func lines<Field: ~Copyable>(_ field: inout Field, at origin: UInt = start) -> Range<Int> {
      let offset = withUnsafePointer(to: &field) { Int(UInt(bitPattern: $0) - origin) }
      return offset / 64..<(offset + MemoryLayout<Field>.size - 1) / 64 + 1
    }
    // The picker's fields lie in the swarm as they do in one that stands alone.
    var picker = PiecePicker(
      geometry: geometry, have: Bitfield(count: 8), generator: SeededGenerator(seed: 1))
    let inside = withUnsafePointer(to: &swarm.picker) { UInt(bitPattern: $0) } - start
    let alone = withUnsafePointer(to: &picker) { UInt(bitPattern: $0) } - inside
    let announcement = [
      lines(&swarm.peers), lines(&swarm.wakeSetFor), lines(&swarm.hasFreePlace),
      lines(&picker.have, at: alone), lines(&picker.missing, at: alone),
      lines(&picker.availability.entries, at: alone),
      lines(&picker.availability.announced, at: alone),
    ]
    #expect(
      announcement.allSatisfy { Swarm.announcementLines.contains($0) }, "\(announcement)")
    let whole = lines(&swarm.picker)
    #expect(Swarm.pickerLines.contains(whole), "\(whole)")
    let request = [
      lines(&swarm.geometry), lines(&swarm.passingOn), lines(&swarm.spreading),
      lines(&swarm.configuration),
    ]
    #expect(request.allSatisfy { Swarm.requestLines.contains($0) }, "\(request)")
    let meters = [lines(&swarm.down), lines(&swarm.up)]
    #expect(meters[0] == Swarm.downLines && meters[1] == Swarm.upLines, "\(meters)")
  }
}
