import DeterministicCore
import Testing
import TorrentModel
import TrackerLogic

private let secret = TrackerSecret(0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210)
private let addresses = ["10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8:1::1"].map {
  Address(text: $0)!
}

private func seconds(_ count: Int) -> Moment { Moment.zero + .seconds(count) }

@Suite struct ConnectionIDs {
  @Test(arguments: addresses)
  func `an ID stands for its address and for two minutes`(address: Address) {
    let authority = ConnectionIDAuthority(secret: secret)
    let id = authority.issue(for: address, at: seconds(1000))
    #expect(authority.isValid(id, from: address, at: seconds(1000)))
    #expect(authority.isValid(id, from: address, at: seconds(1120)))
    #expect(!authority.isValid(id, from: address, at: seconds(1121)))
    #expect(!authority.isValid(id, from: address, at: seconds(999)))
    for other in addresses where other != address {
      #expect(!authority.isValid(id, from: other, at: seconds(1000)))
    }
  }

  @Test func `forged IDs are refused`() {
    let authority = ConnectionIDAuthority(secret: secret)
    let id = authority.issue(for: addresses[0], at: seconds(1000))
    for bit in 0..<64 {
      #expect(!authority.isValid(id ^ 1 << bit, from: addresses[0], at: seconds(1000)))
    }
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<1000 {
      let guess = 1000 << 32 | generator.next() & 0xffff_ffff
      #expect(guess == id || !authority.isValid(guess, from: addresses[0], at: seconds(1000)))
    }
    #expect(!authority.isValid(0x4141_4141_4141_4141, from: addresses[0], at: seconds(1000)))
    let other = ConnectionIDAuthority(secret: TrackerSecret(1, 2))
    #expect(!other.isValid(id, from: addresses[0], at: seconds(1000)))
  }

  @Test func `a change of secret spares the IDs signed just before`() {
    var authority = ConnectionIDAuthority(secret: secret)
    let first = authority.issue(for: addresses[2], at: seconds(50))
    authority.rotate(to: TrackerSecret(1, 2))
    let second = authority.issue(for: addresses[2], at: seconds(60))
    #expect(first != second)
    #expect(authority.isValid(first, from: addresses[2], at: seconds(60)))
    #expect(authority.isValid(second, from: addresses[2], at: seconds(60)))
    authority.rotate(to: TrackerSecret(3, 4))
    #expect(!authority.isValid(first, from: addresses[2], at: seconds(60)))
    #expect(authority.isValid(second, from: addresses[2], at: seconds(60)))
  }
}
