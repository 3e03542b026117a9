import Accounts
import DeterministicCore
import Foundation
import Synchronization
import Testing
import TorrentModel
import TrackerLogic
import TrackerWire

/// A `.torrent` file of one empty file of that name.
func document(named name: String) -> [UInt8] {
  let pieces = String(repeating: "x", count: 20)
  let info =
    "d6:lengthi9e4:name\(name.utf8.count):\(name)12:piece lengthi16384e6:pieces20:\(pieces)e"
  return Array("d8:announce3:old4:info\(info)e".utf8)
}

/// One contract for both databases.
@Suite struct AccountsTests {
  private static let peer = PeerID(bytes: [UInt8](repeating: 7, count: 20))!

  private static let batch = CreditBatch(run: 1)

  private func report(
    _ member: Member, _ torrent: CataloguedTorrent, up: UInt64, down: UInt64 = 0,
    left: UInt64 = 1, _ event: AnnounceEvent? = nil, at time: Int64
  ) -> CreditReport {
    var request = AnnounceRequest(
      infoHash: torrent.listing.infoHash, peerID: Self.peer, port: 1, left: left)
    request.uploaded = up
    request.downloaded = down
    request.event = event
    return CreditReport(request, of: member.id, in: torrent.listing, time: time)
  }

  @Test func membersKeepTheirKeysOverARestart() throws {
    try withFolder { folder in
      let made = try AccountStore(in: folder).addMember("anna", limits: MemberLimits(), at: 1)
      let accounts = try AccountStore(in: folder)
      #expect(try accounts.member(named: "anna").key == made.key)
      let rotated = try accounts.rotate("anna")
      #expect(rotated.key != made.key)
      #expect(rotated.id == made.id)
      #expect(try accounts.revoke("anna").isRevoked)
      #expect(try !accounts.rotate("anna").isRevoked)
      let limits = MemberLimits(torrents: 3, addresses: 1)
      #expect(try accounts.limit("anna", to: limits).limits == limits)
      let attributes = try FileManager.default.attributesOfItem(atPath: accounts.path)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
  }

  @Test(arguments: [
    "", " a", "a ", "a\nb", "a\u{202e}b", "a\\b", String(repeating: "n", count: 65),
  ])
  func namesThatMisleadAreRefused(name: String) throws {
    try withAccounts(.sqlite) { open in
      let accounts = try open()
      #expect(throws: AccountsError.self) {
        try accounts.addMember(name, limits: MemberLimits(), at: 1)
      }
      #expect(try accounts.members().isEmpty)
    }
  }

  @Test(arguments: Engine.installed) func aNameIsTakenOnceAndNoTextBecomesAStatement(engine: Engine)
    throws
  {
    try withAccounts(engine) { open in
      let accounts = try open()
      let name = "'); DROP TABLE member; --"
      _ = try accounts.addMember(name, limits: MemberLimits(), at: 1)
      #expect(throws: AccountsError(.nameTaken, on: name)) {
        try accounts.addMember(name, limits: MemberLimits(), at: 1)
      }
      #expect(throws: AccountsError(.notFound("member"), on: "x")) { try accounts.revoke("x") }
      #expect(try accounts.members().map(\.name) == [name])
    }
  }

  @Test(arguments: Engine.installed) func aRunningTrackerLearnsWhatChangedAndNoMore(engine: Engine)
    throws
  {
    try withAccounts(engine) { open in
      let accounts = try open()
      let other = try open()
      let before = try other.dataVersion()
      let anna = try accounts.addMember("anna", limits: MemberLimits(), at: 1)
      let ben = try accounts.addMember("ben", limits: MemberLimits(), at: 1)
      #expect(try other.dataVersion() != before)
      let all = try other.changes(since: 0)
      #expect(all.members.map(\.id) == [anna.id, ben.id])
      _ = try accounts.revoke("ben")
      let later = try other.changes(since: all.revision)
      #expect(later.members.map(\.id) == [ben.id])
      #expect(later.members.map(\.isRevoked) == [true])
      let torrent = try accounts.addTorrent(
        document(named: "t"), title: nil, tags: [], terms: .standard, at: 1)
      #expect(try other.changes(since: later.revision).torrents == [torrent.listing])
    }
  }

  @Test(arguments: Engine.installed) func aBatchIsCreditedOnceHoweverOftenItIsSettled(
    engine: Engine
  ) throws {
    try withAccounts(engine) { open in
      let accounts = try open()
      let anna = try accounts.addMember("anna", limits: MemberLimits(), at: 1)
      let torrent = try accounts.addTorrent(
        document(named: "t"), title: nil, tags: [], terms: .standard, at: 1)
      let batch = [
        report(anna, torrent, up: 0, .started, at: 10), report(anna, torrent, up: 5, at: 20),
        report(anna, torrent, up: 9, down: 4, left: 0, .completed, at: 30),
        report(anna, torrent, up: 9, down: 4, left: 0, at: 40),
      ]
      for _ in 0..<3 {
        try accounts.settle(batch, as: Self.batch, patience: 100, policy: CheatPolicy())
      }
      let again = batch.filter { $0.event != .started }
      try accounts.settle(again, as: Self.batch.next, patience: 100, policy: CheatPolicy())
      let account = try accounts.member(named: "anna")
      #expect(account.uploaded == 9)
      #expect(account.downloaded == 4)
      #expect(account.lastSeen == 40)
      #expect(account.activeSessions == 1)
      let history = try accounts.history(of: anna.id, limit: 9)
      #expect(history.map(\.uploaded) == [9])
      #expect(history.map(\.downloaded) == [4])
      #expect(try accounts.totals().movedUp == 9)
      try accounts.tidy(at: 1000, patience: 100)
      #expect(try accounts.member(named: "anna").activeSessions == 0)
    }
  }

  @Test(arguments: Engine.installed) func noAmountThatAMemberClaimsStopsTheCredit(
    engine: Engine
  ) throws {
    try withAccounts(engine) { open in
      let accounts = try open()
      let anna = try accounts.addMember("anna", limits: MemberLimits(), at: 1)
      let ben = try accounts.addMember("ben", limits: MemberLimits(), at: 1)
      let torrent = try accounts.addTorrent(
        document(named: "t"), title: nil, tags: [],
        terms: CreditTerms(uploadPercent: 1000, downloadPercent: 100), at: 1)
      var batch = Self.batch
      for key in UInt32(1)...5 {
        var claim = report(anna, torrent, up: .max, down: .max, at: 10)
        claim.session.key = key
        try accounts.settle([claim, claim], as: batch, patience: 100, policy: CheatPolicy())
        batch = batch.next
      }
      try accounts.settle(
        [report(ben, torrent, up: 7, at: 20)], as: batch, patience: 100, policy: CheatPolicy())
      #expect(try accounts.member(named: "ben").uploaded == 70)
      #expect(try accounts.member(named: "anna").uploaded == 1 << 56 - 1)
    }
  }

  @Test(arguments: Engine.installed) func twoTrackersCreditOneSessionOnce(engine: Engine) throws {
    // In a data folder there is one tracker only.
    guard engine == .postgres else { return }
    try withAccounts(engine) { open in
      let accounts = try open()
      let anna = try accounts.addMember("anna", limits: MemberLimits(), at: 1)
      let torrent = try accounts.addTorrent(
        document(named: "t"), title: nil, tags: [], terms: .standard, at: 1)
      let first = (1...200).map { report(anna, torrent, up: UInt64($0) * 10, at: Int64($0)) }
      let failures = Mutex<[String]>([])
      DispatchQueue.concurrentPerform(iterations: 4) { tracker in
        do {
          let own = try open()
          var batch = CreditBatch(run: UInt64(tracker) + 50)
          for part in stride(from: 0, to: 200, by: 20) {
            try own.settle(
              Array(first[part..<part + 20]), as: batch, patience: 100, policy: CheatPolicy())
            batch = batch.next
          }
        } catch {
          failures.withLock { $0.append("\(error)") }
        }
      }
      #expect(failures.withLock { $0 }.isEmpty)
      #expect(try accounts.member(named: "anna").uploaded == 2000)
      #expect(try accounts.history(of: anna.id, limit: 1).map(\.uploaded) == [2000])
    }
  }

  @Test(arguments: Engine.installed) func whoChangesSomethingWaitsForEveryTracker(
    engine: Engine
  ) throws {
    guard engine == .postgres else { return }
    try withAccounts(engine) { open in
      let accounts = try open()
      #expect(accounts.wait(for: 1, in: "") == .noTracker)
      let revision = try accounts.revision()
      try accounts.tellFollowed(revision, as: 1)
      try accounts.tellFollowed(revision, as: 2)
      #expect(accounts.wait(for: revision, in: "") == .inForce)
      try accounts.tellFollowed(revision + 1, as: 2)
      let begin = Date()
      Thread.detachNewThread {
        usleep(300_000)
        try? open().tellFollowed(revision + 1, as: 1)
      }
      #expect(accounts.wait(for: revision + 1, in: "") == .inForce)
      #expect(Date().timeIntervalSince(begin) > 0.2)
      try accounts.forgetFollower(1)
      try accounts.forgetFollower(2)
      #expect(accounts.wait(for: 99, in: "") == .noTracker)
    }
  }

  @Test(arguments: Engine.installed) func aBatchThatFailsLeavesNothingBehind(engine: Engine) throws
  {
    try withAccounts(engine) { open in
      let accounts = try open()
      let anna = try accounts.addMember("anna", limits: MemberLimits(), at: 1)
      let torrent = try accounts.addTorrent(
        document(named: "t"), title: nil, tags: [], terms: .standard, at: 1)
      var stranger = report(anna, torrent, up: 7, at: 20)
      // No such member: the history refuses it, when the first report has been written.
      stranger.session.member = MemberID(99)
      #expect(throws: AccountsError.self) {
        try accounts.settle(
          [report(anna, torrent, up: 5, at: 10), stranger], as: Self.batch, patience: 100,
          policy: CheatPolicy())
      }
      #expect(try accounts.member(named: "anna").uploaded == 0)
      try accounts.settle(
        [report(anna, torrent, up: 5, at: 10)], as: Self.batch, patience: 100,
        policy: CheatPolicy())
      #expect(try accounts.member(named: "anna").uploaded == 5)
    }
  }

  @Test(arguments: Engine.installed) func signalsAreReportedAndGathered(engine: Engine) throws {
    try withAccounts(engine) { open in
      let accounts = try open()
      let anna = try accounts.addMember("anna", limits: MemberLimits(), at: 1)
      let torrent = try accounts.addTorrent(
        document(named: "t"), title: nil, tags: [], terms: .standard, at: 1)
      var up: UInt64 = 0
      var batch = Self.batch
      for time in 1...3 {
        try accounts.settle(
          [report(anna, torrent, up: up, left: 0, at: Int64(time) * 1000)], as: batch,
          patience: 100, policy: CheatPolicy())
        batch = batch.next
        up += 1 << 30
      }
      let signals = try accounts.signals(limit: 10)
      #expect(Set(signals.map(\.signal)) == [.uploadWithoutTakers, .imbalance])
      #expect(signals.allSatisfy { $0.member == "anna" && $0.count == 2 })
    }
  }

  // MARK: The catalogue

  @Test(arguments: Engine.installed) func torrentsAreFoundByTheBeginningsOfTheirWords(
    engine: Engine
  ) throws {
    try withAccounts(engine) { open in
      let accounts = try open()
      for (name, tags) in [
        ("Tide Pool", ["film"]), ("Low tide", []), ("Harbour", ["film", "old"]),
      ] {
        _ = try accounts.addTorrent(
          document(named: name), title: nil, tags: tags, terms: .standard, at: 1)
      }
      func find(_ keywords: String) throws -> Set<String> {
        Set(try accounts.torrents(matching: keywords, limit: 10).map(\.title))
      }
      #expect(try find("tide") == ["Tide Pool", "Low tide"])
      #expect(try find("TID poo") == ["Tide Pool"])
      #expect(try find("film") == ["Tide Pool", "Harbour"])
      #expect(try find("") == ["Tide Pool", "Low tide", "Harbour"])
      #expect(try find("nothing") == [])
      for hostile in ["\"", "tide\" OR \"x", "NEAR(", "*", "title:", "'; --", "^tide", "-tide"] {
        #expect(throws: Never.self) { try find(hostile) }
      }
      #expect(try accounts.torrents(matching: "tide", limit: 1).count == 1)
    }
  }

  @Test(arguments: Engine.installed) func aRemovedTorrentIsFoundNoMoreAndMayComeBack(engine: Engine)
    throws
  {
    try withAccounts(engine) { open in
      let accounts = try open()
      let terms = CreditTerms(uploadPercent: 200, downloadPercent: 0)
      let torrent = try accounts.addTorrent(
        document(named: "t"), title: "Title", tags: ["a"], terms: terms, at: 1)
      let infoHash = torrent.listing.infoHash
      #expect(torrent.listing.terms == terms)
      _ = try accounts.removeTorrent(infoHash)
      #expect(try accounts.torrents(matching: "title", limit: 9).isEmpty)
      #expect(try accounts.document(of: infoHash, announcing: ["http://a/announce"]) == nil)
      #expect(throws: AccountsError.self) { try accounts.removeTorrent(infoHash) }
      let again = try accounts.addTorrent(
        document(named: "t"), title: nil, tags: [], terms: .standard, at: 2)
      #expect(again.listing.id == torrent.listing.id)
      #expect(again.title == "t")
      #expect(try accounts.torrents(limit: 9).count == 1)
    }
  }

  @Test(arguments: Engine.installed) func aMembersFileAnnouncesToTheMembersURLsAlone(engine: Engine)
    throws
  {
    try withAccounts(engine) { open in
      let accounts = try open()
      let torrent = try accounts.addTorrent(
        document(named: "t"), title: nil, tags: [], terms: .standard, at: 1)
      let urls = ["http://h:1/k/announce", "udp://h:1/k/announce"]
      let file = try #require(
        try accounts.document(of: torrent.listing.infoHash, announcing: urls))
      let metainfo = try Metainfo(file)
      #expect(metainfo.trackers == urls.map { [$0] })
      #expect(metainfo.info.infoHash == torrent.listing.infoHash)
      #expect(!String(decoding: file, as: UTF8.self).contains("old"))
    }
  }

  @Test(arguments: Engine.installed) func whatIsNoTorrentIsRefused(engine: Engine) throws {
    try withAccounts(engine) { open in
      let accounts = try open()
      #expect(throws: AccountsError.self) {
        try accounts.addTorrent([1, 2], title: nil, tags: [], terms: .standard, at: 1)
      }
    }
  }

  @Test func aFileThatIsNoAccountsIsLeftAlone() throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let foreign = Data("not a database, not at all; and long enough to be one".utf8)
      try foreign.write(to: URL(fileURLWithPath: folder + "/accounts.db"))
      #expect(throws: AccountsError.self) { try AccountStore(in: folder) }
      #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/accounts.db")) == foreign)
    }
  }

  // MARK: The lock

  @Test func aDataFolderHasOneTrackerWhoseProgressOthersWaitFor() throws {
    try withFolder { folder in
      let accounts = try AccountStore(in: folder)
      #expect(TrackerLock.wait(for: 1, in: folder) == .noTracker)
      do {
        let lock = try TrackerLock(in: folder)
        #expect(throws: AccountsError(.inUse, on: folder)) { try TrackerLock(in: folder) }
        lock.tell(try accounts.revision())
        #expect(TrackerLock.wait(for: try accounts.revision(), in: folder) == .inForce)
      }
      #expect(TrackerLock.wait(for: 99, in: folder) == .noTracker)
    }
  }
}
