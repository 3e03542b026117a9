import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@Suite("The framing decoder under fire")
struct PeerMessageDecoderFuzzTests {
  /// 16 × 12 500 streams: 200 000.
  @Test("never traps and never leaves input behind", arguments: 0..<16 as Range<UInt64>)
  func mutatedStreams(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var faults = 0
    var events = 0
    for _ in 0..<12_500 {
      var (stream, _) = generator.stream(frames: 3, longestBlock: 20)
      generator.mutate(&stream)
      let cut = generator.below(stream.count + 1)
      // `Reassembly` checks that all input is used and that payload only follows a header.
      switch decode([stream[..<cut], stream[cut...]]) {
      case .success(let said): events += said.count
      case .failure: faults += 1
      }
    }
    #expect(faults > 1000 && events > 1000, "seed \(seed) mutates too much or too little")
  }

  @Test("ends alike however mutated input is cut", arguments: 0..<200 as Range<UInt64>)
  func mutatedStreamsCut(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var (stream, _) = generator.stream(frames: 12, longestBlock: 40)
    generator.mutate(&stream)
    let whole = decode([stream[...]])
    #expect(decode(stream.indices.map { stream[$0...$0] }) == whole, "seed \(seed)")
    let cut = generator.below(stream.count + 1)
    #expect(decode([stream[..<cut], stream[cut...]]) == whole, "seed \(seed), cut at \(cut)")
  }

  @Test("gathers no more than the longest frame, whatever is announced")
  func memoryIsBounded() throws {
    let limits = PeerMessageDecoder.Limits()
    let longest = 4 + 1 + Int(limits.bitfield)
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<300 {
      var reassembly = Reassembly()
      let announced = generator.below(2 * longest)
      let ids = [MessageID.bitfield, MessageID.extended, MessageID.piece, 99, generator.byte()]
      let head = frame(length: UInt32(announced), id: ids[generator.below(ids.count)])
      var fed = 0
      do throws(PeerWireError) {
        try reassembly.feed(head)
        while !reassembly.decoder.isAtBoundary, fed < 4 * longest {
          try reassembly.feed([UInt8](repeating: 0, count: 1000))
          fed += 1000
          if !reassembly.isInBlock { #expect(reassembly.decoder.bytesHeld <= longest) }
        }
      } catch {
        #expect(reassembly.decoder.bytesHeld <= longest)
      }
    }
  }
}

extension SeededGenerator {
  /// Flips bits, overwrites, inserts, removes and repeats here and there.
  fileprivate mutating func mutate(_ bytes: inout [UInt8]) {
    for _ in 0..<1 + below(4) where !bytes.isEmpty {
      let position = below(bytes.count)
      switch below(6) {
      case 0: bytes[position] ^= 1 << UInt8(below(8))
      case 1: bytes[position] = byte()
      case 2: bytes.insert(byte(), at: position)
      case 3: bytes.remove(at: position)
      case 4: bytes.removeSubrange(position..<min(bytes.count, position + below(20)))
      default:
        let copy = Array(bytes[position..<min(bytes.count, position + 8)])
        bytes.insert(contentsOf: copy, at: below(bytes.count))
      }
    }
  }
}
