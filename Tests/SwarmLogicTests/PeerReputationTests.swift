import DeterministicCore
import Testing
import TorrentModel

@testable import SwarmLogic

@Suite struct PeerReputationTests {
  private static func endpoint(_ text: String) throws -> Endpoint {
    try #require(Endpoint(text: text))
  }

  private static func at(_ minutes: Int) -> Moment { .zero + .minutes(minutes) }

  @Test func aBanIsOfAnAddressWhateverThePortAndEnds() throws {
    var reputation = PeerReputation()
    reputation.ban(try Self.endpoint("192.0.2.1:5000"), until: Self.at(60))
    #expect(reputation.isBanned(try Self.endpoint("192.0.2.1:6000"), at: Self.at(59)))
    #expect(!reputation.isBanned(try Self.endpoint("192.0.2.1:6000"), at: Self.at(60)))
    #expect(!reputation.isBanned(try Self.endpoint("192.0.2.2:5000"), at: Self.at(1)))
  }

  @Test func ofIPv6TheNetworkOfASubscriberIsBanned() throws {
    var reputation = PeerReputation()
    reputation.ban(try Self.endpoint("[2001:db8:0:1::1]:5000"), until: Self.at(60))
    #expect(reputation.isBanned(try Self.endpoint("[2001:db8:0:1:ffff::2]:1"), at: .zero))
    #expect(!reputation.isBanned(try Self.endpoint("[2001:db8:0:2::1]:5000"), at: .zero))
  }

  @Test(arguments: ["127.0.0.2", "[::1]"])
  func onALoopbackAddressOnlyTheEndpointIsBanned(address: String) throws {
    var reputation = PeerReputation()
    reputation.ban(try Self.endpoint(address + ":5000"), until: Self.at(60))
    #expect(reputation.isBanned(try Self.endpoint(address + ":5000"), at: .zero))
    #expect(!reputation.isBanned(try Self.endpoint(address + ":5001"), at: .zero))
  }

  @Test func faultsCountTogetherForAnHourOnly() throws {
    var reputation = PeerReputation()
    let endpoint = try Self.endpoint("192.0.2.1:5000")
    let elsewhere = try Self.endpoint("192.0.2.1:6000")
    let isTooMany = [
      (endpoint, 0), (elsewhere, 59), (endpoint, 61), (endpoint, 62), (elsewhere, 63),
    ]
    .map { reputation.noteFault(of: $0.0, at: Self.at($0.1)) }
    #expect(isTooMany == [false, false, false, false, true])
  }

  @Test func aFloodOfFaultyStrangersDoesNotLiftABan() throws {
    var reputation = PeerReputation()
    let banned = try Self.endpoint("192.0.2.1:5000")
    reputation.ban(banned, until: Self.at(60))
    for number in 0..<UInt32(3 * PeerReputation.mostRecords) {
      _ = reputation.noteFault(of: Endpoint(.v4(0x0a00_0000 + number), port: 1), at: .zero)
    }
    #expect(reputation.isBanned(banned, at: Self.at(1)))
  }
}
