import ChordWire
import DeterministicCore
import Hashing
import Testing
import TorrentModel

@testable import ChordLogic

/// What has felled nodes of other rings and DHTs, in our words, from the datagram to the node.
@Suite("Known attacks") struct KnownAttackTests {
  struct Attack: CustomTestStringConvertible, Sendable {
    enum Outcome: Hashable, Sendable {
      case silence
      /// Refused by the codec with this code of BEP 5.
      case refused(Int)
      /// Asked for a token first, and harmless with one.
      case harmless
    }

    var name: String
    var datagram: [UInt8]
    var outcome: Outcome

    var testDescription: String { name }
  }

  private static let id = String(repeating: "n", count: 20)

  /// - Parameter transaction: of four bytes in our words; other DHTs use two.
  private static func query(
    _ method: String, _ arguments: String, transaction: String = "abcd", token: String = ""
  ) -> [UInt8] {
    Array(
      ("d1:ad2:id20:\(id)\(arguments)\(token)e1:q\(method.utf8.count):\(method)"
        + "1:t\(transaction.utf8.count):\(transaction)1:y1:qe").utf8)
  }

  private static func bomb(_ depth: Int, transaction: String) -> [UInt8] {
    Array(
      ("d1:ad" + String(repeating: "1:bd", count: depth) + String(repeating: "e", count: depth)
        + "e1:q6:c_next1:t\(transaction.utf8.count):\(transaction)1:y1:qe").utf8)
  }

  static let all: [Attack] = [
    // CVE-2015-5685
    Attack(name: "300 levels", datagram: bomb(300, transaction: "aa"), outcome: .silence),
    Attack(name: "200 levels", datagram: bomb(200, transaction: "abcd"), outcome: .silence),
    Attack(
      name: "a key of 21 bytes",
      datagram: query("c_next", "6:target21:" + String(repeating: "x", count: 21)),
      outcome: .refused(203)),
    Attack(
      name: "a key of 21 bytes by another name, and a short transaction",
      datagram: query(
        "c_next", "3:key21:" + String(repeating: "x", count: 21), transaction: "aa"),
      outcome: .refused(203)),
    Attack(
      name: "a predecessor that names 0.0.0.0:0, and a short transaction",
      datagram: query("c_notify", "2:ip4:\0\0\0\0" + "4:porti0e", transaction: "ab"),
      outcome: .refused(203)),
    Attack(
      name: "a predecessor that names 0.0.0.0:0",
      datagram: query("c_notify", "2:ip4:\0\0\0\0" + "4:porti0e"), outcome: .harmless),
    Attack(
      name: "a predecessor that names the node itself",
      datagram: query("c_notify", "2:ip4:\u{01}\u{02}\u{03}\u{04}" + "4:porti6881e"),
      outcome: .harmless),
  ]

  @Test("change nothing but what the sender's own address allows", arguments: all)
  func attacks(_ attack: Attack) throws {
    let source = try #require(Endpoint(text: "203.0.113.9:5000"))
    switch attack.outcome {
    case .silence, .refused:
      let error = try #require(throws: ChordWireError.self) {
        try ChordMessage(datagram: attack.datagram)
      }
      guard case .refused(let code) = attack.outcome else {
        return #expect(error.reply == nil)
      }
      let answer = String(decoding: error.reply ?? [], as: UTF8.self)
      #expect(answer.hasPrefix("d1:eli\(code)e"))
      #expect(answer.utf8.count <= 3 * attack.datagram.count)
    case .harmless:
      let model = RingModel(seed: 1, configuration: ChordConfiguration())
      model.standingRing(of: 3)
      let before = model.hosts[0].node.predecessor
      var gate = ChordGate(ring: nil, admission: .any, secret: SipHash.Key(low: 1, high: 2))
      let message = try ChordMessage(datagram: attack.datagram)
      guard case .answer(let answer) = gate.judge(message, from: source, at: model.now),
        case .failure(let failure) = answer.body
      else {
        Issue.record("heard without a token")
        return
      }
      #expect(failure.code == .tokenRequired && model.hosts[0].node.predecessor == before)
      // With one, the sender stands for itself: at the address it spoke from, or nowhere.
      model.tell(0, .received(message, from: source))
      model.run(for: .seconds(30))
      for host in model.hosts {
        let known = [host.node.predecessor].compactMap(\.self) + host.node.successors
        #expect(known.allSatisfy { $0.endpoint == source || RingModel.isHost($0.endpoint) })
      }
    }
  }
}

extension RingModel {
  fileprivate static func isHost(_ endpoint: Endpoint) -> Bool {
    (0..<3).contains { Self.endpoint($0) == endpoint }
  }
}
