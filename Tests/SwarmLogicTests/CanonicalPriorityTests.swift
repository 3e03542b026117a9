import SwarmLogic
import Testing
import TorrentModel

@Suite struct CanonicalPriorityTests {
  private static func endpoint(_ text: String, port: UInt16 = 6881) -> Endpoint {
    Endpoint(Address(text: text)!, port: port)
  }

  /// The two examples of BEP 40.
  @Test(
    arguments: [
      ("123.213.32.10", "98.76.54.32", 0xec2d_7224),
      ("123.213.32.10", "123.213.32.234", 0x9956_8189),
    ] as [(String, String, UInt32)])
  func agreesWithItsStandard(one: String, other: String, priority: UInt32) {
    let ends = (Self.endpoint(one), Self.endpoint(other, port: 1))
    #expect(CanonicalPriority.of(ends.0, ends.1) == priority)
    #expect(CanonicalPriority.of(ends.1, ends.0) == priority)
  }

  @Test func isTheSameForAWholeNetworkUnlessItIsOurs() {
    let ours = Self.endpoint("203.0.113.1")
    let far = ["198.51.96.0", "198.51.98.170", "198.51.224.2"].map {
      CanonicalPriority.of(ours, Self.endpoint($0))
    }
    #expect(Set(far).count == 1)
    let near = ["203.0.113.2", "203.0.113.3"].map { CanonicalPriority.of(ours, Self.endpoint($0)) }
    #expect(Set(near).count == 2)
  }

  @Test func tellsPortsOfOneAddressApartInEitherOrder() {
    let one = Self.endpoint("2001:db8::1", port: 1)
    let other = Self.endpoint("2001:db8::1", port: 2)
    #expect(CanonicalPriority.of(one, other) == CanonicalPriority.of(other, one))
    #expect(
      CanonicalPriority.of(one, other)
        != CanonicalPriority.of(one, Self.endpoint("2001:db8::1", port: 3)))
  }

  @Test func ofIPv6CountsTheSiteAndEveryOtherBitOfTheRest() {
    let ours = Self.endpoint("2001:db8:1::1")
    #expect(
      CanonicalPriority.of(ours, Self.endpoint("2001:db9:1:aaaa::"))
        == CanonicalPriority.of(ours, Self.endpoint("2001:db9:1::aaaa")))
    #expect(
      CanonicalPriority.of(ours, Self.endpoint("2001:db9:1::"))
        != CanonicalPriority.of(ours, Self.endpoint("2001:db9:2::")))
  }

  @Test func comparesAcrossFamilies() {
    let four = Self.endpoint("203.0.113.1")
    let six = Self.endpoint("2001:db8::1")
    #expect(CanonicalPriority.of(four, six) == CanonicalPriority.of(six, four))
  }
}
