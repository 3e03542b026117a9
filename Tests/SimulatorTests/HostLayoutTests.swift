import DeterministicCore
import SwarmLogic
import Testing
import TorrentModel

@testable import Simulator

@Suite struct HostLayoutTests {
  static func host(_ number: Int, in room: SwarmRoom) throws -> SimulatedHost {
    let peerID = World.peerID(number, life: 1)
    let swarm = Swarm(
      infoHash: World.infoHash, peerID: peerID, listenPort: nil,
      configuration: SwarmConfiguration(), generator: SeededGenerator(seed: 1), at: .zero)
    return SimulatedHost(
      number, HostPlan(.seed, AccessLink(uplink: 1)), swarm,
      AnnounceSchedule(tiers: [], generator: SeededGenerator(seed: 1)),
      SimulatedStorage(Bitfield(count: 8)), in: room)
  }

  /// The lines of a host that are fetched ahead are those in which the fields lie.
  @Test func whatEventsLookAtLiesInTheBusyLines() throws {
    let host = try Self.host(0, in: SwarmRoom(count: 1))
    let start = UInt(bitPattern: Unmanaged.passUnretained(host).toOpaque())
    let first = withUnsafePointer(to: &host.isOnline) { UInt(bitPattern: $0) - start }
    let last = withUnsafePointer(to: &host.lastProgress) { UInt(bitPattern: $0) - start }
    #expect(first < 64)
    #expect(last / 64 + 1 == SimulatedHost.busyLines)
  }

  /// Swarms lie side by side, each from the start of a cache line on.
  @Test func swarmsShareARoom() throws {
    let room = SwarmRoom(count: 3)
    let hosts = try (0..<3).map { try Self.host($0, in: room) }
    let places = hosts.map { UInt(bitPattern: $0.swarmPlace) }
    #expect(places.allSatisfy { $0 % 64 == 0 })
    #expect(places[1] - places[0] == places[2] - places[1])
    #expect(places[1] - places[0] < UInt(MemoryLayout<Swarm>.size) + 64)
  }
}
