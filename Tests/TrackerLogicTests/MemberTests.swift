import DeterministicCore
import Testing
import TorrentModel
import TrackerLogic
import TrackerWire

@Suite struct MemberTests {
  private static let authority = MemberKeyAuthority(secret: TrackerSecret(1, 2))
  private static let hashes = (0..<9).map { byte in
    InfoHash(bytes: [UInt8](repeating: UInt8(byte), count: 20))!
  }
  private static let peer = PeerID(bytes: [UInt8](repeating: 7, count: 20))!

  private func request(
    _ torrent: Int, _ event: AnnounceEvent? = nil
  ) -> AnnounceRequest {
    var request = AnnounceRequest(
      infoHash: Self.hashes[torrent], peerID: Self.peer, port: 1, left: 1)
    request.event = event
    return request
  }

  // MARK: Keys

  @Test func aKeyIsReadBackFromItsDigitsInEitherCase() throws {
    for number in [1, 2, 77, UInt32.max] {
      let key = Self.authority.issue(to: MemberID(number), generation: 3)
      #expect(key.digits.utf8.count == 32)
      for digits in [key.digits, key.digits.uppercased()] {
        let read = try #require(MemberKey(digits: Array(digits.utf8)[...]))
        #expect(read == key)
        #expect(read.member.number == number)
        #expect(Self.authority.isGenuine(read, generation: 3))
      }
      #expect(!"\(key)".contains(key.digits.dropFirst(8)))
    }
  }

  @Test(arguments: ["", "0", "00000001", "0000000100000000000000000000000g"])
  func whatIsNoKeyIsRefused(digits: String) {
    #expect(MemberKey(digits: Array(digits.utf8)[...]) == nil)
  }

  @Test func noBitOfAKeyMayDiffer() throws {
    let key = Self.authority.issue(to: MemberID(5), generation: 1)
    let digits = Array(key.digits.utf8)
    for place in digits.indices {
      for bit in 0..<4 {
        let value = try #require(Hexadecimal.value(of: digits[place])) ^ (1 << UInt8(bit))
        var forged = digits
        forged[place] = Array("0123456789abcdef".utf8)[Int(value)]
        let read = try #require(MemberKey(digits: forged[...]))
        #expect(!Self.authority.isGenuine(read, generation: 1))
      }
    }
    #expect(!Self.authority.isGenuine(key, generation: 2))
    let other = MemberKeyAuthority(secret: TrackerSecret(1, 3))
    #expect(!other.isGenuine(key, generation: 1))
  }

  // MARK: Standing and limits

  private func roll(_ limits: MemberLimits = MemberLimits()) -> MemberRoll {
    var roll = MemberRoll()
    roll.set(
      MemberStanding(id: MemberID(1), generation: 1, isRevoked: false, limits: limits))
    return roll
  }

  @Test func aRevokedOrRotatedKeyIsRefusedFromThenOn() throws {
    var roll = roll()
    let key = Self.authority.issue(to: MemberID(1), generation: 1)
    #expect(try roll.check(key, by: Self.authority).id == MemberID(1))
    #expect(throws: MemberRoll.noKey) {
      try roll.check(
        Self.authority.issue(to: MemberID(2), generation: 1), by: Self.authority)
    }
    let none = MemberLimits()
    roll.set(MemberStanding(id: MemberID(1), generation: 1, isRevoked: true, limits: none))
    #expect { try roll.check(key, by: Self.authority) } throws: {
      ($0 as? TrackerFailure)?.reason == "this member's key was revoked"
    }
    roll.set(MemberStanding(id: MemberID(1), generation: 2, isRevoked: false, limits: none))
    #expect(throws: MemberRoll.noKey) { try roll.check(key, by: Self.authority) }
    let next = Self.authority.issue(to: MemberID(1), generation: 2)
    #expect(try roll.check(next, by: Self.authority).generation == 2)
  }

  @Test func oneTorrentTooManyIsRefusedUntilAnotherEnds() throws {
    var roll = roll(MemberLimits(torrents: 2))
    func note(
      _ torrent: Int, _ event: AnnounceEvent? = nil, at second: UInt32 = 0
    ) throws {
      try roll.note(
        request(torrent, event), of: MemberID(1), from: .v4(1), at: second, lifetime: 100)
    }
    try note(0)
    try note(1)
    try note(0)
    #expect(throws: TrackerFailure.self) { try note(2) }
    try note(3, .stopped)
    try note(1, .stopped)
    try note(2)
    #expect(throws: TrackerFailure.self) { try note(1, at: 100) }
    try note(1, at: 101)
  }

  @Test func addressesAreCountedByWhatOneSubscriberHas() throws {
    var roll = roll(MemberLimits(addresses: 1))
    func note(_ address: Address, _ torrent: Int = 0) throws {
      try roll.note(
        request(torrent), of: MemberID(1), from: address, at: 0, lifetime: 100)
    }
    try note(.v6(high: 0x2001_0db8_0000_0001, low: 1))
    try note(.v6(high: 0x2001_0db8_0000_0001, low: 2), 1)
    #expect { try note(.v6(high: 0x2001_0db8_0000_0002, low: 1)) } throws: {
      ($0 as? TrackerFailure)?.reason.contains("more than the 1 address") == true
    }
    // Without limits nothing is remembered, and nothing refused.
    roll.set(
      MemberStanding(id: MemberID(1), generation: 1, isRevoked: false, limits: MemberLimits()))
    for address in 0..<1000 { try note(.v4(UInt32(address + 1))) }
  }

  @Test func aTorrentThatWasRemovedIsRefusedInOtherWordsThanAStrange() throws {
    var list = TorrentList()
    var listing = TorrentListing(
      id: TorrentID(1), infoHash: Self.hashes[0], terms: .standard, isRemoved: false)
    list.set(listing)
    #expect(try list.find(Self.hashes[0]) == listing)
    #expect(list.count == 1)
    listing.isRemoved = true
    list.set(listing)
    func reason(_ torrent: Int) -> String? {
      do throws(TrackerFailure) {
        _ = try list.find(Self.hashes[torrent])
        return nil
      } catch {
        return error.reason
      }
    }
    #expect(reason(0)?.contains("was removed") == true)
    #expect(reason(1)?.contains("not registered") == true)
    #expect(list.count == 0)
  }
}
