import Bencoding
import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@Suite("The extension handshake")
struct ExtensionHandshakeTests {
  @Test("reads back as it was written", arguments: 0..<200 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let handshake = generator.extensionHandshake()
    #expect(try ExtensionHandshake(payload: handshake.payload) == handshake, "seed \(seed)")
  }

  @Test("stands on the wire as BEP 10 has it")
  func wireForm() {
    var handshake = ExtensionHandshake()
    handshake.metadataID = 1
    handshake.exchangeID = 2
    handshake.metadataSize = 31235
    handshake.requestQueue = 500
    handshake.listenPort = 6881
    handshake.clientVersion = "Shoal"
    handshake.yourAddress = .v4(0x7f00_0001)
    let text =
      "d1:md11:ut_metadatai1e6:ut_pexi2ee13:metadata_sizei31235e1:pi6881e4:reqqi500e1:v5:Shoal"
      + "6:yourip4:"
    #expect(handshake.payload == Array(text.utf8) + [127, 0, 0, 1] + Array("e".utf8))
  }

  @Test("of another client is understood, whatever else it tells, and trailing bytes are ignored")
  func foreign() throws {
    let text = """
      d12:complete_agoi-1e1:md11:lt_donthavei7e10:share_modei8e11:ut_metadatai2e6:ut_pexi1ee\
      13:metadata_sizei12345e4:reqqi2000e1:v18:libtorrent/2.0.8.0e
      """
    let handshake = try ExtensionHandshake(payload: Array(text.utf8) + [0, 1, 2])
    #expect(handshake.metadataID == 2)
    #expect(handshake.exchangeID == 1)
    #expect(handshake.dontHaveID == 7)
    #expect(!handshake.isUploadOnly)
    #expect(handshake.metadataSize == 12345)
    #expect(handshake.requestQueue == 2000)
    #expect(handshake.clientVersion == "libtorrent/2.0.8.0")
    #expect(handshake.listenPort == nil)
  }

  @Test(
    "takes fields of the wrong kind or out of range as absent",
    arguments: [
      "de", "d1:mi3ee", "d1:m0:e", "d1:md11:ut_metadatai0eee", "d1:md11:ut_metadatai256eee",
      "d1:md11:ut_metadatai-1eee", "d1:md11:ut_metadata1:1ee", "d13:metadata_sizei0ee",
      "d13:metadata_sizei-5ee", "d13:metadata_sizei2147483648ee",
      "d13:metadata_sizei9223372036854775807ee", "d13:metadata_size3:abce", "d1:pi0ee",
      "d1:pi65536ee", "d1:pi-1ee", "d4:reqqi0ee", "d4:reqqi-1ee", "d1:vi7ee", "d6:yourip3:abce",
      "d6:youripi1ee",
    ])
  func absentFields(text: String) throws {
    #expect(try ExtensionHandshake(payload: Array(text.utf8)) == ExtensionHandshake())
  }

  @Test("cuts a long name, in the middle of a character if need be")
  func longName() throws {
    let name = String(repeating: "é", count: 100)
    let payload = Array("d1:v200:".utf8) + Array(name.utf8) + Array("e".utf8)
    let version = try #require(try ExtensionHandshake(payload: payload).clientVersion)
    #expect(version == String(repeating: "é", count: 32))
    let odd = Array("d1:v201:a".utf8) + Array(name.utf8) + Array("e".utf8)
    let oddVersion = try #require(try ExtensionHandshake(payload: odd).clientVersion)
    #expect(oddVersion == "a" + String(repeating: "é", count: 31) + "\u{fffd}")
  }

  @Test(
    "that is no dictionary, too deep or too long is an error",
    arguments: [
      Hostile(""), Hostile("i1e"), Hostile("le"), Hostile("4:spam"), Hostile("d"),
      Hostile("d1:v"), Hostile("d1:v99:xe"),
      Hostile("lists without end", Array("d1:m".utf8) + [UInt8](repeating: 0x6c, count: 16_000)),
      Hostile("dictionary in key", Array("d1:m".utf8) + [UInt8](repeating: 0x64, count: 16_000)),
      Hostile("17 kB", Array("d1:v17000:".utf8) + [UInt8](repeating: 0, count: 17_000) + [0x65]),
    ])
  func malformed(hostile: Hostile) {
    #expect { try ExtensionHandshake(payload: hostile.bytes) } throws: { error in
      if case .badExtensionMessage = error as? PeerWireError { true } else { false }
    }
  }

  @Test("never traps on mutated bytes", arguments: 0..<8 as Range<UInt64>)
  func mutated(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var understood = 0
    for _ in 0..<1000 {
      var payload = generator.extensionHandshake().payload
      payload[generator.below(payload.count)] = generator.byte()
      if (try? ExtensionHandshake(payload: payload)) != nil { understood += 1 }
    }
    #expect(0 < understood && understood < 1000, "seed \(seed)")
  }
}
