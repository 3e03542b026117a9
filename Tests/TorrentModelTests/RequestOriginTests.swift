import Testing
import TorrentModel

/// Who may name which address. The tables are the rule as `docs/SECURITY.md` tells it.
@Suite struct RequestOriginTests {
  @Test(
    arguments: [
      ("127.0.0.1", .machine), ("127.255.255.254", .machine), ("::1", .machine),
      ("::ffff:127.0.0.1", .machine), ("::ffff:10.0.0.1", .site), ("::ffff:8.8.8.8", .world),
      ("169.254.169.254", .link), ("fe80::1", .link), ("febf:ffff::1", .link),
      ("10.0.0.0", .site), ("10.255.255.255", .site), ("9.255.255.255", .world),
      ("11.0.0.0", .world), ("172.15.255.255", .world), ("172.16.0.0", .site),
      ("172.31.255.255", .site), ("172.32.0.0", .world), ("192.168.0.1", .site),
      ("192.167.255.255", .world), ("192.169.0.0", .world), ("100.63.255.255", .world),
      ("100.64.0.0", .site), ("100.127.255.255", .site), ("100.128.0.0", .world),
      ("192.0.0.1", .site), ("192.0.1.0", .world), ("198.17.255.255", .world),
      ("198.18.0.0", .site),
      ("198.19.255.255", .site), ("198.20.0.0", .world), ("fc00::1", .site),
      ("fdff:ffff::1", .site), ("fd00:ec2::254", .site), ("fec0::1", .site), ("fe00::1", .world),
      ("2001:4860::8888", .world), ("0.0.0.0", .nowhere), ("0.1.2.3", .nowhere),
      ("224.0.0.1", .nowhere), ("239.255.255.255", .nowhere), ("240.0.0.1", .nowhere),
      ("255.255.255.255", .nowhere), ("::", .nowhere), ("::7f00:1", .nowhere),
      ("ff02::1", .nowhere),
      ("100::1", .nowhere), ("64:ff9b::127.0.0.1", .nowhere), ("64:ff9b::192.168.0.1", .nowhere),
      ("64:ff9b::169.254.169.254", .nowhere), ("64:ff9b::8.8.8.8", .world),
      ("64:ff9b:1::8.8.8.8", .nowhere), ("2002:7f00:1::", .nowhere), ("2002:a00:1::1", .nowhere),
      ("2002:808:808::1", .world), ("2001:0:808:808::80ff:fffe", .nowhere),
      ("2001:0:808:808::f7f7:f7f7", .world),
    ] as [(String, AddressScope)])
  func everyAddressHasAScope(text: String, scope: AddressScope) throws {
    #expect(try #require(Address(text: text)).scope == scope)
  }

  @Test func aMappedAddressThatWasPutTogetherHasTheScopeOfWhatItMaps() {
    #expect(Address.v6(high: 0, low: 0xffff_7f00_0001).scope == .machine)
    #expect(Address.v6(high: 0, low: 0xffff_a9fe_a9fe).scope == .link)
  }

  private static let world = "host 1.2.3.4:80"

  /// Origin, target, whether a usual announce may go there, and whether anything else may.
  @Test(arguments: [
    ("user", "127.0.0.1:9091", true, true), ("user", "169.254.169.254:80", true, true),
    ("user", "0.0.0.0:22", true, true),

    ("document", "8.8.8.8:80", true, true), ("document", "8.8.8.8:0", false, false),
    ("document", "127.0.0.1:9091", true, false), ("document", "[::1]:6969", true, false),
    ("document", "192.168.1.1:80", true, false), ("document", "10.0.0.1:443", true, false),
    ("document", "192.168.1.1:22", false, false), ("document", "127.0.0.1:25", false, false),
    ("document", "169.254.169.254:80", false, false), ("document", "[fe80::1]:6969", false, false),
    ("document", "0.0.0.0:6969", false, false), ("document", "224.0.0.1:6969", false, false),
    ("document", "[64:ff9b::7f00:1]:6969", false, false),

    (world, "9.9.9.9:443", true, true), (world, "1.2.3.4:443", true, true),
    (world, "127.0.0.1:6969", false, false), (world, "192.168.1.1:6969", false, false),
    (world, "169.254.169.254:80", false, false),

    ("host 192.168.1.5:6969", "192.168.1.5:6969", true, true),
    ("host 192.168.1.5:6969", "192.168.1.5:9091", true, false),
    ("host 192.168.1.5:80", "192.168.1.5:443", true, true),
    ("host 192.168.1.5:443", "192.168.1.5:80", true, false),
    ("host 192.168.1.5:6969", "192.168.1.6:6969", true, false),
    ("host 192.168.1.5:6969", "127.0.0.1:6969", false, false),
    ("host 127.0.0.1:6881", "127.0.0.1:9091", true, false),
    ("host 127.0.0.1:6881", "192.168.1.5:6881", true, false),
    ("host 127.0.0.1:6881", "169.254.1.1:6881", false, false),
    ("host 169.254.1.1:80", "127.0.0.1:6969", false, false),
    ("host 0.0.0.0:0", "127.0.0.1:6969", false, false),
  ]) func requestsGoWhereWhoeverNamedThemMayLead(
    origin: String, target: String, announce: Bool, other: Bool
  ) throws {
    let origin = try Self.origin(origin)
    let target = try #require(Endpoint(text: target))
    #expect(origin.mayRequest(target, for: .usualAnnounce) == announce)
    #expect(origin.mayRequest(target, for: .other) == other)
  }

  @Test(arguments: [
    ("user", "127.0.0.1:22", true), ("user", "0.0.0.0:6881", false), ("user", "1.2.3.4:0", false),
    ("document", "127.0.0.1:6881", true), ("document", "127.0.0.1:22", false),
    ("document", "192.168.1.5:6881", true), ("document", "192.168.1.5:445", false),
    ("document", "169.254.1.1:6881", false), ("document", "[ff02::1]:6881", false),
    (world, "8.8.8.8:80", true), (world, "10.0.0.5:6881", true), (world, "10.0.0.5:22", false),
    (world, "127.0.0.1:6881", false), (world, "[::1]:6881", false),
    (world, "[fe80::1]:6881", false), (world, "255.255.255.255:6881", false),
    (world, "8.8.8.8:0", false),
    ("host 192.168.1.5:6969", "127.0.0.1:6881", false),
    ("host 192.168.1.5:6969", "192.168.1.9:6881", true),
    ("host 127.0.0.1:6969", "127.0.0.1:6881", true), ("host 127.0.0.1:6969", "[::1]:6881", true),
    ("host 127.0.0.1:6969", "127.0.0.1:22", false),
    ("host 127.0.0.1:6969", "169.254.169.254:80", false),
  ]) func peersAreDialledWhereWhoeverNamedThemMayLead(
    origin: String, peer: String, isDialled: Bool
  ) throws {
    let peer = try #require(Endpoint(text: peer))
    #expect(try Self.origin(origin).mayName(peer: peer) == isDialled)
  }

  private static func origin(_ text: String) throws -> RequestOrigin {
    switch text {
    case "user": .user
    case "document": .document
    default: .host(try #require(Endpoint(text: text.dropFirst("host ".count))))
    }
  }
}
