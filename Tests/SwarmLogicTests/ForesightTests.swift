import DeterministicCore
import Testing
import TorrentModel

@testable import SwarmLogic

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
}
