import DeterministicCore
import Foundation
import Testing

/// A private tracker that is killed again and again while members announce.
///
/// Against a model of what clients were told was taken: what was seen in an account before a kill is
/// there after it, no account ever has more than its clients moved, and one further announce of each
/// session makes it exact. SHOAL_KILLS is the number of kills.
@Suite(.serialized) struct PrivateTrackerKillTests {
  private static let kills =
    ProcessInfo.processInfo.environment["SHOAL_KILLS"].flatMap { Int($0) } ?? 3
  private static let members = ["anna", "ben", "carl"]
  private static let sessionsEach = 4

  private struct Session {
    let member: Int
    let key: String
    var announce: PrivateTracker.Announce
  }

  private struct Account: Equatable {
    var up: UInt64
    var down: UInt64
  }

  private func accounts(_ folder: URL) throws -> [Account] {
    try PrivateTracker.run("user", "list", in: folder).map { member in
      Account(
        up: (member["uploaded"] as? NSNumber)?.uint64Value ?? 0,
        down: (member["downloaded"] as? NSNumber)?.uint64Value ?? 0)
    }
  }

  private func moved(_ sessions: [Session]) -> [Account] {
    Self.members.indices.map { member in
      let own = sessions.filter { $0.member == member }
      return Account(
        up: own.reduce(0) { $0 + $1.announce.uploaded },
        down: own.reduce(0) { $0 + $1.announce.downloaded })
    }
  }

  @Test func creditIsNeitherLostNorDoubled() throws {
    let seed = UInt64.random(in: 0...999_999)
    var random = SeededGenerator(seed: seed)
    try ShoalBinary.withFolder { folder in
      var sessions: [Session] = []
      let hashes = try ["one", "two"].map { try PrivateTracker.addTorrent($0, in: folder) }
      for (member, name) in Self.members.enumerated() {
        let added = try #require(try PrivateTracker.run("user", "add", name, in: folder).first)
        let key = try PrivateTracker.key(of: added)
        for number in 0..<Self.sessionsEach {
          let announce = PrivateTracker.Announce(
            infoHash: hashes[number % 2], peer: member * Self.sessionsEach + number + 1)
          sessions.append(Session(member: member, key: key, announce: announce))
        }
      }
      var seen = [Account](repeating: Account(up: 0, down: 0), count: Self.members.count)
      var slowest: TimeInterval = 0
      for kill in 0..<Self.kills {
        let begun = Date()
        try RunningShoal.with(PrivateTracker.words, in: folder) { running in
          let tracker = try PrivateTracker(folder, running)
          slowest = max(slowest, Date().timeIntervalSince(begun))
          let comment = Comment(rawValue: "seed \(seed), kill \(kill)")
          for (now, before) in zip(try accounts(folder), seen) {
            #expect(now.up >= before.up && now.down >= before.down, comment)
          }
          let end = Date(timeIntervalSinceNow: 0.6 + Double(random.below(1200)) / 1000)
          while Date() < end {
            let index = random.below(sessions.count)
            var session = sessions[index]
            if session.announce.event.isEmpty, session.announce.uploaded == 0 {
              session.announce.event = "started"
            } else {
              session.announce.event = ""
              session.announce.uploaded += 1 + UInt64(random.below(100_000))
              session.announce.downloaded += UInt64(random.below(50_000))
            }
            let isUDP = random.below(2) == 0
            let refusal =
              isUDP
              ? try tracker.udp(session.announce, key: session.key)
              : try tracker.http(session.announce, key: session.key)
            #expect(refusal == nil, comment)
            sessions[index] = session
          }
          seen = try accounts(folder)
          for (account, most) in zip(seen, moved(sessions)) {
            #expect(account.up <= most.up && account.down <= most.down, comment)
          }
          running.signal(SIGKILL)
          #expect(try running.end().exitCode == -1)
        }
      }
      try PrivateTracker.with(folder) { tracker in
        for session in sessions {
          var last = session.announce
          last.event = ""
          let refusal = try tracker.http(last, key: session.key)
          #expect(refusal == nil)
        }
      }
      #expect(try accounts(folder) == moved(sessions), "seed \(seed)")
      #expect(slowest < 10)
      print("private tracker: \(Self.kills) kills, slowest start \(slowest) s")
    }
  }
}
