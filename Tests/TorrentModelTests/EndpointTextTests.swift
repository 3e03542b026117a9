import DeterministicCore
import Testing
import TorrentModel

@Suite struct EndpointTextTests {
  /// The cases of RFC 5952, sections 4.1 to 4.3 and 5, and RFC 4291, section 2.2.
  @Test(arguments: [
    ("2001:0db8::0001", "2001:db8::1"),
    ("2001:DB8::1", "2001:db8::1"),
    ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
    ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
    ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
    ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
    ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
    ("::", "::"),
    ("::1", "::1"),
    ("1::", "1::"),
    ("0:0:0:0:0:0:0:0", "::"),
    ("ff01:0:0:0:0:0:0:101", "ff01::101"),
    ("::ffff:192.0.2.33", "192.0.2.33"),
    ("::13.1.68.3", "::d01:4403"),
    ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ("0.0.0.0", "0.0.0.0"),
    ("255.255.255.255", "255.255.255.255"),
    ("192.0.2.1", "192.0.2.1"),
  ])
  func addressesAreReadAndPrintedInTheOneForm(text: String, canonical: String) throws {
    let address = try #require(Address(text: text))
    #expect(address.description == canonical)
    #expect(Address(text: canonical) == address)
  }

  @Test(arguments: [
    "", ":", ":::", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.", ".1.2.3",
    "1.2.3.+4", "1.2.3.-4", " 1.2.3.4", "1.2.3.4 ", "0x1.2.3.4", "１.2.3.4", "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "12345::", "g::",
    "+1::", "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7", "1.2.3.4::", "1.2.3.4::1", "::1.2.3.4:1",
    "1:2:3:4:5:6:7:1.2.3.4", "::1%eth0", "[::1]", "localhost",
  ])
  func anythingElseIsNoAddress(text: String) {
    #expect(Address(text: text) == nil)
  }

  @Test(arguments: [
    ("1.2.3.4:80", "1.2.3.4:80"),
    ("[2001:db8::1]:6881", "[2001:db8::1]:6881"),
    ("[::]:0", "[::]:0"),
    ("1.2.3.4:00080", "1.2.3.4:80"),
    ("[::ffff:1.2.3.4]:65535", "1.2.3.4:65535"),
  ])
  func endpointsAreReadAndPrinted(text: String, canonical: String) {
    #expect(Endpoint(text: text)?.description == canonical)
  }

  @Test(arguments: [
    "", "1.2.3.4", "1.2.3.4:", ":80", "1.2.3.4:65536", "1.2.3.4:000080", "1.2.3.4:+80",
    "1.2.3.4:8 0", "::1:80", "[::1]", "[::1]80", "[::1:80", "::1]:80", "[]:80", "host:80",
  ])
  func anythingElseIsNoEndpoint(text: String) {
    #expect(Endpoint(text: text) == nil)
  }

  @Test(arguments: 0..<200 as Range<UInt64>) func textAndCompactFormsRoundTrip(
    seed: UInt64
  ) throws {
    var random = SeededGenerator(seed: seed)
    let words = (0..<8).map { _ in
      random.below(2) == 0 ? 0 : UInt16(truncatingIfNeeded: random.next())
    }
    let bytes = words.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    for count in [4, 16] {
      let endpoint = Endpoint(
        try #require(Address(bytes: bytes.suffix(count))),
        port: UInt16(truncatingIfNeeded: random.next()))
      #expect(Endpoint(text: endpoint.description) == endpoint)
      #expect(Endpoint(compact: endpoint.compact) == endpoint)
    }
  }

  @Test(arguments: [0, 1, 5, 7, 17, 19]) func compactFormsOfOtherLengthsAreRefused(count: Int) {
    #expect(Endpoint(compact: [UInt8](repeating: 1, count: count)) == nil)
  }

  @Test func mappedAddressesAreTheAddressesTheyStandFor() {
    let mapped = [UInt8](repeating: 0, count: 10) + [0xff, 0xff, 1, 2, 3, 4]
    #expect(Address(bytes: mapped) == Address(text: "1.2.3.4"))
  }

  @Test(arguments: [
    ("1.2.3.4", 80, true), ("1.2.3.4", 0, false), ("0.1.2.3", 80, false), ("224.0.0.1", 80, false),
    ("255.255.255.255", 80, false), ("127.0.0.1", 80, true), ("::", 80, false),
    ("ff02::1", 80, false),
    ("::1", 80, true), ("2001:db8::1", 80, true),
  ])
  func onlyAddressesOfHostsAreDialled(address: String, port: UInt16, isDialable: Bool) throws {
    let endpoint = Endpoint(try #require(Address(text: address)), port: port)
    #expect(endpoint.isDialable == isDialable)
  }

  @Test func addressesKnowTheirScope() throws {
    #expect(try #require(Address(text: "127.8.9.1")).isLoopback)
    #expect(try #require(Address(text: "::1")).isLoopback)
    #expect(!(try #require(Address(text: "128.0.0.1")).isLoopback))
    #expect(try #require(Address(text: "169.254.1.1")).isLinkLocal)
    #expect(try #require(Address(text: "fe80::1")).isLinkLocal)
    #expect(try #require(Address(text: "febf::1")).isLinkLocal)
    #expect(!(try #require(Address(text: "fec0::1")).isLinkLocal))
    #expect(try #require(Address(text: "::")).isUnspecified)
    #expect(try #require(Address(text: "0.0.0.0")).isUnspecified)
  }
}
