import DeterministicCore
import Glibc
import Networking
import PeerWire
import Session
import SwarmLogic
import Testing
import TorrentModel

@Suite struct EncryptionTests {
  static let policies = EncryptionPolicy.allCases.flatMap { seeder in
    EncryptionPolicy.allCases.map { (seeder, $0) }
  }

  /// Whoever dials plainly learns what is required when it is refused, and waits before it dials again.
  private static func patience(_ seeder: EncryptionPolicy, _ leecher: EncryptionPolicy) -> TimeSpan
  {
    seeder == .required && leecher == .plain ? .seconds(25) : .seconds(10)
  }

  @Test(arguments: policies)
  func `a torrent goes from one session to the other, whatever they want`(
    seeder: EncryptionPolicy, leecher: EncryptionPolicy
  ) throws {
    let pair = try Pair(
      configuring: { $0.swarm.encryption = leecher },
      configuringSeeder: { $0.swarm.encryption = seeder })
    let (metainfo, bytes) = try pair.payload(700_001)
    pair.start(metainfo, by: .metainfo(metainfo))
    let patience = Self.patience(seeder, leecher)
    #expect(try pair.run(atMost: patience) { pair.leecher.torrents[0].isFinished })
    #expect(pair.copy == bytes)
    #expect(pair.leecher.torrents[0].snapshot.wasted == 0)
  }

  /// A peer that says nothing but what a test has it say.
  private func meet(
    _ policy: EncryptionPolicy, saying words: (InfoHash) -> [UInt8]
  ) throws -> (pair: Pair, stranger: Stranger) {
    let pair = try Pair(
      configuring: { $0.swarm.encryption = policy },
      configuringSeeder: { $0.swarm.encryption = policy })
    let (metainfo, _) = try pair.payload(100_000)
    pair.start(metainfo, by: .metainfo(metainfo))
    #expect(try pair.run { pair.leecher.torrents[0].isFinished })
    let stranger = try Stranger(to: pair.seeder.listeningOn[0])
    stranger.say(words(metainfo.info.infoHash))
    return (pair, stranger)
  }

  @Test func `where encryption is required nobody shakes hands in the open`() throws {
    for policy in EncryptionPolicy.allCases {
      let (pair, stranger) = try meet(policy) {
        Handshake(infoHash: $0, peerID: PeerID(bytes: Array(repeating: 9, count: 20))!).bytes
      }
      _ = try pair.run {
        stranger.listen()
        return stranger.hasEnded || stranger.received.count >= Handshake.length
      }
      #expect(stranger.received.isEmpty == (policy == .required))
      #expect(stranger.hasEnded == (policy == .required))
    }
  }

  @Test func `a degenerate key is refused at once, noise when it is too long`() throws {
    for noise in [[UInt8](repeating: 0, count: 96), [UInt8](repeating: 255, count: 68)] {
      let (pair, stranger) = try meet(.plain) { _ in noise }
      #expect(
        try pair.run {
          stranger.listen()
          return stranger.hasEnded
        })
      #expect(stranger.received.isEmpty)
    }
    var generator = SeededGenerator(seed: 4)
    let (pair, stranger) = try meet(.plain) { _ in
      [1] + (0..<800).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }
    #expect(
      try pair.run {
        stranger.listen()
        return stranger.hasEnded
      })
    #expect(stranger.received.count >= 96 && stranger.received.count <= 96 + 512)
  }
}
