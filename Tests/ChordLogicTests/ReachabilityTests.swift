import ChordWire
import DeterministicCore
import Testing
import TorrentModel

@testable import ChordLogic

@Suite("A client that others may reach") struct ReachabilityTests {
  private let span = TimeSpan.minutes(15)

  /// A ring of twenty and a leaf, behind a firewall or not.
  private func run(isHidden: Bool, minutes: Int, attaching: Bool = true) -> RingModel {
    var configuration = ChordConfiguration()
    configuration.provingReachability = span
    let model = RingModel(seed: 5, configuration: configuration)
    model.usesCodec = true
    model.standingRing(of: 20)
    let leaf = model.addHost()
    var spoken: [Int: Moment] = [:]
    // Only who was spoken to within two minutes gets through (RFC 4787).
    model.isCut = { [unowned model] _, sender, receiver in
      if sender == leaf { spoken[receiver] = model.now }
      guard isHidden, receiver == leaf else { return false }
      return spoken[sender].map { $0 + .minutes(2) < model.now } ?? true
    }
    model.tell(leaf, .attach(via: [model.hosts[3].contact.endpoint]))
    model.tell(leaf, .lookup(1, model.randomIdentifier()))
    model.run(for: .minutes(minutes))
    return model
  }

  private func reports(_ model: RingModel) -> [Endpoint] {
    model.reports.compactMap { report in
      guard case .reachable(let endpoint) = report.event else { return nil }
      return endpoint
    }
  }

  @Test("says so once it was called for a quarter of an hour")
  func reached() {
    #expect(reports(run(isHidden: false, minutes: 14)).isEmpty)
    let model = run(isHidden: false, minutes: 90)
    #expect(reports(model) == [model.hosts[20].contact.endpoint])
  }

  @Test("does not take answers for calls")
  func hidden() {
    #expect(reports(run(isHidden: true, minutes: 180)).isEmpty)
  }

  private let address = Address.v4(0x0a00_0001)
  private let other = Address.v4(0x0a00_0002)

  @Test("begins anew after two checks without a call, and where it stands elsewhere")
  func gaps() {
    var proof = ReachabilityProof()
    let start = Moment.zero + .seconds(1000)
    proof.begin(at: start)
    proof.stands(at: Endpoint(address, port: 1))
    proof.check(next: start + .minutes(3))
    #expect(proof.isCalled(from: other, at: start) == .zero)
    proof.check(next: start + .minutes(6))
    proof.check(next: start + .minutes(9))
    #expect(proof.isCalled(from: other, at: start + .minutes(9)) == .minutes(9))
    proof.check(next: start + .minutes(12))
    proof.check(next: start + .minutes(15))
    proof.check(next: start + .minutes(18))
    #expect(proof.isCalled(from: other, at: start + .minutes(18)) == .zero)
    #expect(proof.isCalled(from: other, at: start + .minutes(20)) == .minutes(2))
    proof.stands(at: Endpoint(address, port: 2))
    #expect(proof.isCalled(from: other, at: start + .minutes(21)) == .zero)
  }

  @Test("forgets whom it spoke to as firewalls do, and remembers no more than so many")
  func memory() {
    var proof = ReachabilityProof()
    let start = Moment.zero + .seconds(1000)
    proof.begin(at: start)
    proof.stands(at: Endpoint(address, port: 1))
    proof.speaks(to: other, at: start)
    #expect(proof.isCalled(from: other, at: start + .minutes(9)) == nil)
    #expect(proof.isCalled(from: other, at: start + .minutes(10)) == .zero)
    for word in 0..<UInt32(2 * ReachabilityProof.mostAddresses) {
      proof.speaks(to: .v4(0x0b00_0000 + word), at: start + .minutes(11))
    }
    let last = Address.v4(0x0b00_0000 + UInt32(2 * ReachabilityProof.mostAddresses) - 1)
    #expect(proof.isCalled(from: last, at: start + .minutes(12)) == nil)
    #expect(proof.isCalled(from: .v4(0x0b00_0000), at: start + .minutes(12)) != nil)
  }
}
