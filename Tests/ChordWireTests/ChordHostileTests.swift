import Bencoding
import ChordWire
import DeterministicCore
import Testing
import TorrentModel

/// A datagram that has to be refused, and whether its sender is told.
private struct Hostile: CustomTestStringConvertible, Sendable {
  var name: String
  var datagram: [UInt8]
  /// The code of the error the sender gets; nil for silence.
  var answer: Int64?

  var testDescription: String { name }

  init(_ name: String, _ datagram: [UInt8], _ answer: Int64? = nil) {
    self.name = name
    self.datagram = datagram
    self.answer = answer
  }

  private static let id = [UInt8](repeating: 7, count: 20)

  /// A query with these arguments beside the sender's identifier.
  static func query(
    _ method: String, _ arguments: [(String, BencodeValue)], transaction: String = "abcd"
  ) -> [UInt8] {
    BencodeEncoder.encode(
      .dictionary([
        ("a", .dictionary(arguments + [("id", .string(id))])), ("q", .string(method)),
        ("t", .string(transaction)), ("y", .string("q")),
      ]))
  }

  static func reply(_ method: String, _ results: [(String, BencodeValue)]) -> [UInt8] {
    BencodeEncoder.encode(
      .dictionary([
        ("q", .string(method)), ("r", .dictionary(results + [("id", .string(id))])),
        ("t", .string("abcd")), ("y", .string("r")),
      ]))
  }

  static func string(_ count: Int, _ byte: UInt8 = 0xff) -> BencodeValue {
    .string([UInt8](repeating: byte, count: count))
  }

  static let bomb =
    Array("d1:ad".utf8) + Array(repeating: Array("1:bd".utf8), count: 200).flatMap(\.self)
    + [UInt8](repeating: UInt8(ascii: "e"), count: 200)
    + Array("e1:q6:c_next1:t4:abcd1:y1:qe".utf8)
  static let noPort = Identifier(bytes: id)!.bytes + [10, 0, 0, 1, 0, 0]
  static let nowhere = Identifier(bytes: id)!.bytes + [0, 0, 0, 0, 26, 225]
  static let mutable: [(String, BencodeValue)] = [
    ("k", string(32)), ("seq", .integer(1)), ("sig", string(64)), ("v", .string("x")),
  ]

  static func item(_ key: String, _ value: BencodeValue) -> [UInt8] {
    query("put", mutable.filter { $0.0 != key } + [(key, value)])
  }

  static let all: [Hostile] = [
    Hostile("nothing", []),
    Hostile("noise", Array("hello".utf8)),
    Hostile("a list", Array("le".utf8)),
    Hostile("an empty dictionary", Array("de".utf8)),
    Hostile("nested dictionaries (CVE-2015-5685)", bomb),
    Hostile("nested lists", [UInt8](repeating: UInt8(ascii: "l"), count: 1024)),
    Hostile("a kilobyte and one", query("ping", [("x", string(1000))])),
    Hostile("keys out of order", Array("d1:t4:abcd1:q4:ping1:y1:qe".utf8)),
    Hostile("bytes behind the end", query("ping", []) + [0]),
    Hostile(
      "a flood of values",
      query("c_next", [("x", .list(Array(repeating: .integer(1), count: 400)))])),
    Hostile("an unknown query", query("c_format_disk", []), 204),
    Hostile("a target of 21 bytes", query("c_next", [("target", string(21))]), 203),
    Hostile(
      "a key by another name, in a transaction of two bytes",
      query("c_next", [("key", string(21))], transaction: "aa"), 203),
    Hostile("a target of 19 bytes", query("get", [("target", string(19))]), 203),
    Hostile("a target that is a number", query("c_next", [("target", .integer(1))]), 203),
    Hostile("no target", query("c_next", []), 203),
    Hostile("no transaction", query("ping", [], transaction: "")),
    Hostile("a long transaction", query("ping", [], transaction: "123456789")),
    Hostile("a token of 4 bytes", query("ping", [("token", string(4))]), 203),
    Hostile("a receiver of 3 bytes", query("ping", [("to", string(3))]), 203),
    Hostile("a flag of 2", query("c_next", [("own", .integer(2)), ("target", string(20))]), 203),
    Hostile(
      "port 0", query("announce_peer", [("info_hash", string(20)), ("port", .integer(0))]), 203),
    Hostile(
      "port 65536", query("announce_peer", [("info_hash", string(20)), ("port", .integer(65536))]),
      203),
    Hostile("no port", query("announce_peer", [("info_hash", string(20))]), 203),
    Hostile("a predecessor without a port", query("c_leave", [("p", .string(noPort))]), 203),
    Hostile("a predecessor nowhere", query("c_leave", [("p", .string(nowhere))]), 203),
    Hostile("two predecessors", query("c_leave", [("p", .string(noPort + noPort))]), 203),
    Hostile("27 bytes of successors", query("c_leave", [("nodes", string(27))]), 203),
    Hostile("a span of 2^40", query("c_ev", [("s", .integer(1 << 40))]), 203),
    Hostile("a negative span", query("c_ev", [("s", .integer(-1))]), 203),
    Hostile("a call of nobody", query("c_reach", [("e", .string([0, 0, 0, 0, 26, 225]))]), 203),
    Hostile("a call of 7 bytes", query("c_reach", [("e", string(7))]), 203),
    Hostile("half an arc", query("c_keys", [("f", string(20))]), 203),
    Hostile("an empty certificate", query("c_cert", [("cert", string(0))]), 203),
    Hostile("a key of 31 bytes", item("k", string(31)), 203),
    Hostile("a signature of 65 bytes", item("sig", string(65)), 203),
    Hostile("a salt of 65 bytes", item("salt", string(65)), 207),
    Hostile("a value of 641 bytes", item("v", string(637)), 205),
    Hostile("a sequence number below 0", item("seq", .integer(-1)), 203),
    Hostile("an item without a value", query("put", []), 203),
    Hostile(
      "a keyword record of 128 bytes",
      query("c_kput", [("target", string(20)), ("w", string(128))]), 203),
    Hostile(
      "a keyword record of 201 bytes",
      query("c_kput", [("target", string(20)), ("w", string(201))]), 203),
    Hostile(
      "a name that is not UTF-8", query("c_kput", [("target", string(20)), ("w", string(150))]), 203
    ),
    Hostile(
      "a list that is no list", query("c_kget", [("target", string(20)), ("words", .integer(1))]),
      203),
    Hostile(
      "nine words",
      query(
        "c_kget",
        [("target", string(20)), ("words", .list(Array(repeating: .string("a"), count: 9)))]),
      203),
    Hostile(
      "a record that is a number", query("c_keys", [("k", .list([.integer(1)]))]), 203),
    Hostile(
      "a life of two days",
      query(
        "c_keys", [("k", .list([.dictionary([("v", .string("x")), ("x", .integer(172_800))])]))]),
      203),
    Hostile(
      "records of 8 bytes",
      query("c_keys", [("k", .list([.dictionary([("h", string(20)), ("p", string(8))])]))]), 203),

    // Whoever answers badly is not told.
    Hostile("a hop of an unknown kind", reply("c_next", [("s", .integer(3))])),
    Hostile("a predecessor without successors", reply("c_next", [("s", .integer(1))])),
    Hostile(
      "a peer with port 0", reply("get_peers", [("values", .list([.string([10, 0, 0, 1, 0, 0])]))])),
    Hostile("a peer of 7 bytes", reply("get_peers", [("values", .list([string(7)]))])),
    Hostile("a reply to nothing", reply("c_thanks", [])),
    Hostile("an error that is a string", Array("d1:e3:bad1:t4:abcd1:y1:ee".utf8)),
    Hostile("an error of one part", Array("d1:eli201ee1:t4:abcd1:y1:ee".utf8)),
    Hostile("an observed address of 5 bytes", Array("d2:ip5:aaaaa1:t4:abcd1:y1:qe".utf8), 203),
  ]
}

@Suite("Hostile datagrams")
struct ChordHostileTests {
  @Test("are refused, and answered only where they are queries", arguments: Hostile.all)
  private func refused(hostile: Hostile) throws {
    let error = try #require(throws: ChordWireError.self) {
      try ChordMessage(datagram: hostile.datagram)
    }
    let reply = error.reply.flatMap { try? BencodeDecoder().decode($0) }
    #expect(reply?["e"]?.list?.first?.integer == hostile.answer, "\(error)")
    #expect(!error.description.isEmpty)
    #expect((error.reply?.count ?? 0) <= 3 * hostile.datagram.count)
  }

  @Test("may say more than is read")
  func unknownKeys() throws {
    let datagram = Hostile.query(
      "c_notify", [("ip", .string([0, 0, 0, 0])), ("port", .integer(0))])
    guard case .query(.notify, _) = try ChordMessage(datagram: datagram).body else {
      Issue.record("not a notify")
      return
    }
  }

  /// 10 × 10 000 datagrams.
  @Test("made of real ones never trap", arguments: 0..<10 as Range<UInt64>)
  func mutated(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var accepted = 0
    var refused = 0
    var samples: [[UInt8]] = []
    for round in 0..<10_000 {
      if round.isMultiple(of: 500) {
        samples = generator.messagesOfEveryKind().compactMap(\.datagram)
      }
      var datagram = samples[generator.below(samples.count)]
      generator.mutate(&datagram)
      do {
        let message = try ChordMessage(datagram: datagram)
        accepted += 1
        // What was read can be said again, and means the same.
        if let again = message.datagram {
          #expect(try ChordMessage(datagram: again) == message, "seed \(seed), round \(round)")
        }
      } catch {
        refused += 1
        #expect(
          (error.reply?.count ?? 0) <= max(3 * datagram.count, 90), "seed \(seed), round \(round)")
      }
    }
    #expect(accepted > 200 && refused > 2000, "seed \(seed): \(accepted) and \(refused)")
  }
}

extension SeededGenerator {
  /// Flips bits, overwrites, inserts, removes and repeats here and there.
  fileprivate mutating func mutate(_ bytes: inout [UInt8]) {
    for _ in 0..<1 + below(3) where !bytes.isEmpty {
      let position = below(bytes.count)
      switch below(6) {
      case 0: bytes[position] ^= 1 << UInt8(below(8))
      case 1: bytes[position] = UInt8(truncatingIfNeeded: next())
      case 2: bytes.insert(UInt8(truncatingIfNeeded: next()), at: position)
      case 3: bytes.remove(at: position)
      case 4: bytes.removeSubrange(position..<min(bytes.count, position + below(20)))
      default:
        let copy = Array(bytes[position..<min(bytes.count, position + 8)])
        bytes.insert(contentsOf: copy, at: below(bytes.count))
      }
    }
  }
}
