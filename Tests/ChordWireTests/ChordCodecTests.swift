import Bencoding
import ChordWire
import DeterministicCore
import Testing
import TorrentModel

@Suite("The codec of a ring's messages")
struct ChordCodecTests {
  @Test("gives every message back as it was", arguments: 0..<200 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for message in generator.messagesOfEveryKind() {
      let datagram = try #require(message.datagram, "seed \(seed): \(message)")
      let read = try ChordMessage(datagram: datagram)
      #expect(read == message, "seed \(seed)")
      #expect(read.datagram == datagram, "seed \(seed): not canonical")
    }
  }

  @Test("names every query of the protocol")
  func everyQueryIsGenerated() {
    var generator = SeededGenerator(seed: 1)
    #expect(Set(generator.queries().map(\.method)) == Set(ChordQuery.Method.allCases))
    #expect(Set(generator.replies().map(\.method)) == Set(ChordQuery.Method.allCases))
  }

  @Test("spells a query as BEP 5 does")
  func spelling() {
    let id = Identifier(bytes: Array("abcdefghij0123456789".utf8))!
    let target = InfoHash(bytes: Array("mnopqrstuvwxyz123456".utf8))!
    let message = ChordMessage(
      transaction: 0x6161_6161, body: .query(.getPeers(target), QueryHead(from: id)))
    let text = message.datagram.map { String(decoding: $0, as: UTF8.self) }
    #expect(
      text == "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers"
        + "1:t4:aaaa1:v4:SH011:y1:qe")
  }

  @Test("reads an error as BEP 5 spells it")
  func plainError() throws {
    let datagram = Array("d1:eli201e23:A Generic Error Ocurrede1:t4:aaaa1:y1:ee".utf8)
    let message = try ChordMessage(datagram: datagram)
    #expect(message.body == .failure(ChordFailure(.generic, "A Generic Error Ocurred")))
  }

  @Test("keeps contacts at 26 and 38 bytes")
  func contactLengths() {
    var generator = SeededGenerator(seed: 5)
    let id = generator.identifier()
    let v4 = Contact(id, Endpoint(text: "192.0.2.1:6881")!)
    let v6 = Contact(id, Endpoint(text: "[2001:db8::1]:6881")!)
    #expect(v4.compact.count == 26 && v6.compact.count == 38)
    #expect(Contact(compact: v4.compact) == v4 && Contact(compact: v6.compact) == v6)
    #expect(Contact(compact: v4.compact.dropLast()) == nil)
    #expect(Contact(id, Endpoint(text: "0.0.0.0:6881")!).compact.count == 26)
    #expect(Contact(compact: Contact(id, Endpoint(text: "0.0.0.0:6881")!).compact) == nil)
    #expect(Contact(compact: Contact(id, Endpoint(text: "192.0.2.1:0")!).compact) == nil)
    // An IPv4-mapped address in 38 bytes would be a second name of the same node.
    let mapped = id.bytes + [UInt8](repeating: 0, count: 10) + [255, 255, 192, 0, 2, 1, 26, 225]
    #expect(Contact(compact: mapped) == nil)
  }

  @Test("sends no datagram of more than 1024 bytes")
  func bounded() {
    var generator = SeededGenerator(seed: 6)
    let contacts = (0..<40).map { _ in
      Contact(generator.identifier(), Endpoint(.v6(high: 1 << 61, low: 1), port: 1))
    }
    let message = ChordMessage(
      transaction: 1,
      body: .reply(
        .state(predecessor: nil, successors: contacts), ReplyHead(from: generator.identifier())))
    #expect(message.datagram == nil)
  }
}

@Suite("The items of BEP 44")
struct ItemTests {
  private static let key = PublicKey(
    Hexadecimal.decode("77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548")!)!
  private static let value = Array("12:Hello World!".utf8)

  @Test("are kept where the test vectors of BEP 44 say")
  func targets() {
    #expect(target(salt: nil) == "e5f96f6f38320f0f33959cb4d3d656452117aadb")
    #expect(target(salt: "") == "4a533d47ec9c7d95b1ad75f576cffc641853b750")
    #expect(target(salt: "foobar") == "411eba73b6f087ca51a3795d9c8c938d365e32c1")
  }

  @Test("are signed over the bytes the test vectors of BEP 44 name")
  func signedBytes() {
    #expect(text(item(salt: "").signedBytes) == "3:seqi1e1:v12:Hello World!")
    #expect(
      text(item(salt: "foobar").signedBytes) == "4:salt6:foobar3:seqi1e1:v12:Hello World!")
    #expect(item(salt: nil).signedBytes == nil)
  }

  @Test("are refused when too long, not bencoded or of a negative sequence number")
  func limits() {
    #expect(Item(value: Array("640:".utf8) + [UInt8](repeating: 1, count: 640)) == nil)
    #expect(Item(value: Array("636:".utf8) + [UInt8](repeating: 1, count: 636)) != nil)
    #expect(Item(value: Array("i01e".utf8)) == nil)
    #expect(Item(value: Array("4:ab".utf8)) == nil)
    #expect(signed(salt: [UInt8](repeating: 1, count: 65), sequence: 1) == nil)
    #expect(signed(salt: [], sequence: -1) == nil)
  }

  @Test("fit a datagram at their longest")
  func longest() {
    var generator = SeededGenerator(seed: 8)
    let item = Item(
      value: Array("636:".utf8) + [UInt8](repeating: 1, count: 636),
      signed: .init(
        key: Self.key, salt: [UInt8](repeating: 1, count: 64), sequence: .max,
        signature: Signature([UInt8](repeating: 2, count: 64))!))!
    var message = ChordMessage(
      transaction: 1,
      body: .query(
        .put(item, cas: .max),
        QueryHead(from: generator.identifier(), to: generator.identifier(), token: WriteToken(1))))
    message.ring = RingTag(1)
    message.isReadOnly = true
    #expect(message.datagram != nil)
  }

  private func signed(salt: [UInt8], sequence: Int64) -> Item? {
    Item(
      value: Self.value,
      signed: .init(
        key: Self.key, salt: salt, sequence: sequence,
        signature: Signature([UInt8](repeating: 0, count: 64))!))
  }

  private func item(salt: String?) -> Item {
    guard let salt else { return Item(value: Self.value)! }
    return signed(salt: Array(salt.utf8), sequence: 1)!
  }

  private func target(salt: String?) -> String {
    Hexadecimal.encode(item(salt: salt).target.bytes)
  }

  private func text(_ bytes: [UInt8]?) -> String? {
    bytes.map { String(decoding: $0, as: UTF8.self) }
  }
}
