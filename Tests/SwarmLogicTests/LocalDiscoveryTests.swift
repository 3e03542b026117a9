import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@testable import SwarmLogic

@Suite struct LocalDiscoveryTests {
  private static let torrents = (1...3).map { InfoHash(bytes: Array(repeating: $0, count: 20))! }
  private static let neighbour = Endpoint(.v4(0xc0a8_0007), port: 6771)
  private var generator = SeededGenerator(seed: 1)

  @Test mutating func aTorrentIsAnnouncedAtOnceAMinuteLaterAndEveryFiveMinutes() {
    var discovery = LocalDiscovery(using: &generator)
    func due(_ count: Int, _ seconds: Int) -> [InfoHash] {
      discovery.due(among: Array(Self.torrents.prefix(count)), at: .zero + .seconds(seconds))
    }
    #expect(due(1, 0) == [Self.torrents[0]])
    #expect(due(2, 1) == [Self.torrents[1]])
    #expect(due(2, 59) == [])
    #expect(due(2, 60) == [Self.torrents[0]])
    #expect(due(2, 61) == [Self.torrents[1]])
    #expect(due(2, 359) == [])
    #expect(due(0, 359) == [])
    #expect(due(2, 360) == [Self.torrents[0]])
    #expect(due(2, 361) == [Self.torrents[1]])
  }

  @Test mutating func aNeighbourIsHeardAndWeAreNot() throws {
    var discovery = LocalDiscovery(using: &generator)
    func hear(_ cookie: String?, port: UInt16 = 6881, from sender: Endpoint) -> Endpoint? {
      let announcement = LocalAnnouncement(
        infoHashes: Self.torrents, port: port, cookie: cookie)
      return discovery.hear(
        announcement.bytes(to: LocalAnnouncement.groupV4), from: sender, at: .zero)?.peer
    }
    let peer = Endpoint(Self.neighbour.address, port: 6881)
    #expect(hear("another", from: Self.neighbour) == peer)
    #expect(hear(nil, from: Self.neighbour) == peer)
    let own = discovery.cookie
    #expect(hear(own, from: Self.neighbour) == nil)
    #expect(hear(nil, port: 80, from: Self.neighbour) == nil)
    #expect(hear(nil, from: Endpoint(.v4(0xefc0_988f), port: 6771)) == nil)
  }

  @Test mutating func aFloodIsHeardInPart() {
    var discovery = LocalDiscovery(using: &generator)
    let bytes = LocalAnnouncement(infoHashes: Self.torrents, port: 6881, cookie: nil)
      .bytes(to: LocalAnnouncement.groupV4)
    for second in 1...2 {
      var heard = 0
      for _ in 0..<1000 {
        let now = Moment.zero + .seconds(second)
        if discovery.hear(bytes, from: Self.neighbour, at: now) != nil { heard += 1 }
      }
      #expect(heard == LocalDiscovery.mostHeardPerSecond)
    }
  }
}
