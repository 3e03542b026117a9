import PeerWire
import Testing
import TorrentModel

@Suite("The loss of a piece")
struct DontHaveMessageTests {
  @Test("stands on the wire as BEP 54 has it")
  func wireForm() throws {
    let message = DontHaveMessage(PieceIndex(number: 0x0102_03ff))
    #expect(message.payload == [1, 2, 3, 255])
    #expect(try DontHaveMessage(payload: message.payload) == message)
  }

  @Test("has a piece and nothing else", arguments: [[], [1, 2, 3], [1, 2, 3, 4, 5]] as [[UInt8]])
  func otherLengths(payload: [UInt8]) {
    #expect(throws: PeerWireError.self) { try DontHaveMessage(payload: payload) }
  }
}
