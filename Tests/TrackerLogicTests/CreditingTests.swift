import DeterministicCore
import Testing
import TorrentModel
import TrackerLogic
import TrackerWire

@Suite struct CreditingTests {
  private static let peer = PeerID(bytes: [UInt8](repeating: 7, count: 20))!
  private static let infoHash = InfoHash(bytes: [UInt8](repeating: 1, count: 20))!

  private func report(
    up: UInt64, down: UInt64 = 0, left: UInt64 = 1, _ event: AnnounceEvent? = nil, at time: Int64,
    terms: CreditTerms = .standard
  ) -> CreditReport {
    var request = AnnounceRequest(
      infoHash: Self.infoHash, peerID: Self.peer, port: 1, left: left)
    request.uploaded = up
    request.downloaded = down
    request.event = event
    let listing = TorrentListing(
      id: TorrentID(1), infoHash: Self.infoHash, terms: terms, isRemoved: false)
    return CreditReport(request, of: MemberID(1), in: listing, time: time)
  }

  /// Settles one report after another, and sums up.
  private func settle(
    _ reports: [CreditReport], patience: Int64 = 100
  ) -> (up: UInt64, down: UInt64, seedTime: Int64, completed: Int) {
    var mark: CreditMark?
    var sum: (up: UInt64, down: UInt64, seedTime: Int64, completed: Int) = (0, 0, 0, 0)
    for report in reports {
      let (credit, next) = Crediting.settle(report, after: mark, patience: patience)
      sum.up += credit.uploaded
      sum.down += credit.downloaded
      sum.seedTime += credit.seedTime
      sum.completed += credit.completes ? 1 : 0
      mark = next
    }
    return sum
  }

  @Test func whatIsMoreThanTheMarkIsCreditedOnce() {
    let first = report(up: 10, down: 20, at: 5)
    let reports = [report(up: 0, .started, at: 0), first, first, report(up: 15, down: 20, at: 6)]
    #expect(settle(reports).up == 15)
    #expect(settle(reports).down == 20)
  }

  @Test func totalsFromBeforeStartedAreNobodysCredit() {
    #expect(settle([report(up: 1000, .started, at: 0), report(up: 1010, at: 1)]).up == 10)
  }

  @Test func aStartedThatWasLostWithTheTrackerCostsNothing() {
    #expect(settle([report(up: 30, at: 9)]).up == 30)
  }

  @Test func aSessionThatBeginsAnewCountsFromItsNewBeginning() {
    let reports = [
      report(up: 0, .started, at: 0), report(up: 100, .stopped, at: 1),
      report(up: 0, .started, at: 2), report(up: 30, at: 3),
    ]
    #expect(settle(reports).up == 130)
  }

  @Test func aStartedThatIsRepeatedLosesNothing() {
    let reports = [
      report(up: 0, .started, at: 0), report(up: 50, .started, at: 1), report(up: 70, at: 2),
    ]
    #expect(settle(reports).up == 70)
  }

  @Test func aStartedThatComesLateSetsNothingBack() {
    let reports = [
      report(up: 0, .started, at: 0), report(up: 100, at: 20), report(up: 0, .started, at: 21),
      report(up: 130, at: 40),
    ]
    #expect(settle(reports).up == 130)
  }

  @Test func aLateOrFalseAnnounceAddsNothing() {
    let reports = [
      report(up: 0, .started, at: 0), report(up: 100, at: 1), report(up: 40, at: 1),
      report(up: 100, at: 2), report(up: 101, at: 3),
    ]
    #expect(settle(reports).up == 101)
  }

  @Test func termsDecideWhatCounts() {
    let terms = CreditTerms(uploadPercent: 200, downloadPercent: 0)
    let reports = [
      report(up: 0, .started, at: 0), report(up: 10, down: 90, at: 1, terms: terms),
    ]
    #expect(settle(reports).up == 20)
    #expect(settle(reports).down == 0)
    let most = settle([report(up: .max, at: 0, terms: terms)])
    #expect(most.up == .max)
  }

  @Test func timeAsASeedRunsFromAnnounceToAnnounceOfOne() {
    let reports = [
      report(up: 0, .started, at: 0), report(up: 0, left: 0, .completed, at: 50),
      report(up: 0, left: 0, at: 80), report(up: 0, left: 0, at: 1000),
      report(up: 0, left: 0, .stopped, at: 1010), report(up: 0, left: 0, .started, at: 1020),
    ]
    #expect(settle(reports).seedTime == 40)
    #expect(settle(reports).completed == 1)
  }

  @Test func aClockThatGoesBackCreditsNoTime() {
    let reports = [report(up: 0, left: 0, .started, at: 500), report(up: 0, left: 0, at: 10)]
    #expect(settle(reports).seedTime == 0)
  }

  /// Whatever is sent twice, late or not at all, the account never has more than the client moved,
  /// and has all of it once an announce comes through.
  @Test(arguments: 0..<200) func creditIsExactWhateverBecomesOfAnnounces(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var mark: CreditMark?
    var credited: UInt64 = 0
    var moved: UInt64 = 0
    var sent: [CreditReport] = []
    func settle(_ report: CreditReport) {
      let (credit, next) = Crediting.settle(report, after: mark, patience: 100)
      credited += credit.uploaded
      mark = next
    }
    for step in 0..<60 {
      moved += UInt64(random.below(1000))
      let report = report(up: moved, step == 0 ? .started : nil, at: Int64(step))
      if step == 0 { moved = report.uploaded }
      sent.append(report)
      switch random.below(4) {
      case 0: break
      case 1: settle(report)
      case 2:
        settle(report)
        settle(report)
      default: if step > 0 { settle(sent[1 + random.below(sent.count - 1)]) }
      }
      #expect(credited <= moved)
    }
    let base = mark == nil ? 0 : (sent.first?.uploaded ?? 0)
    settle(report(up: moved, at: 99))
    #expect(credited == moved || credited == moved - base, "seed \(seed)")
  }

  // MARK: Signals

  @Test func signalsTellWhatNoHonestClientSays() {
    var policy = CheatPolicy()
    policy.fastestRate = 1000
    policy.slack = 100
    func signals(
      up: UInt64, elapsed: Int64, lastSeen: Int64 = 500, lastTaker: Int64
    ) -> [CheatSignal] {
      var credit = Credit()
      credit.movedUp = up
      credit.elapsed = elapsed
      let mark = CreditMark(
        uploaded: 0, downloaded: 0, isSeed: true, isActive: true, lastSeen: lastSeen)
      return policy.signals(of: credit, after: mark, lastTaker: lastTaker, patience: 100)
    }
    #expect(signals(up: 10_000, elapsed: 10, lastTaker: 500) == [])
    #expect(signals(up: 20_000, elapsed: 10, lastTaker: 500) == [.impossibleRate])
    #expect(signals(up: 101, elapsed: 10, lastTaker: 399) == [.uploadWithoutTakers])
    #expect(signals(up: 101, elapsed: 10, lastTaker: 400) == [])
    #expect(signals(up: 100, elapsed: 10, lastTaker: 0) == [])
    #expect(policy.isImbalanced(uploaded: 1201, downloaded: 1000))
    #expect(!policy.isImbalanced(uploaded: 1200, downloaded: 1000))
    #expect(!policy.isImbalanced(uploaded: 0, downloaded: .max))
  }
}
