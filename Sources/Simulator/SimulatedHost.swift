import DeterministicCore
import SwarmLogic
import TorrentModel

/// One host: the production decisions, and the state of what they are driven by.
final class SimulatedHost {
  /// Cache lines that it takes to hold what events look at, down to `lastProgress`.
  static let busyLines = 3

  // What events look at comes first and together.
  let number: Int
  var isOnline = false
  /// It went of its own accord, and does not come back.
  var hasLeft = false
  // The uplink serves blocks one at a time, in turn for each flow that may send.
  var isSending = false
  /// It plays what it fetches, and so may have a player.
  let plays: Bool
  let role: HostPlan.Role
  /// Counts arrivals and restarts, so that what was meant for an earlier life is not taken for one
  /// of this.
  var life: UInt32 = 0
  /// The flow behind each peer key, by its slot.
  var flows: [HostFlow] = []
  /// Where its swarm lies, the same for as long as the host exists: the world looks at it without
  /// counting a reference to the host.
  let swarmPlace: UnsafeMutablePointer<Swarm>
  var turns = Queue<UInt32>()
  var sendsUntil = Moment.zero
  /// When the downlink will have passed on all that has come to it.
  var downlinkFreeAt = Moment.zero

  var storage: SimulatedStorage
  var bytesSent: UInt64 = 0
  var bytesReceived: UInt64 = 0
  var blocksSent = 0
  /// Bytes its swarm was told of, in this life.
  var bytesUploaded: UInt64 = 0
  var bytesLanded: UInt64 = 0
  var lastProgress = Moment.zero

  private let room: SwarmRoom
  let plan: HostPlan
  var schedule: AnnounceSchedule
  var announceSetFor = Moment.distantFuture

  var player: Player?

  // What is measured.
  var startedAt: Moment?
  var completedAt: Moment?
  var bytesDiscarded: UInt64 = 0
  var bannedBy = 0
  /// Why it was banned first.
  var banReason: String?

  init(
    _ number: Int, _ plan: HostPlan, _ swarm: consuming Swarm, _ schedule: AnnounceSchedule,
    _ storage: SimulatedStorage, in room: SwarmRoom
  ) {
    self.number = number
    self.plan = plan
    role = plan.role
    plays = plan.playback != nil
    self.room = room
    swarmPlace = room.place(of: number)
    swarmPlace.initialize(to: swarm)
    self.schedule = schedule
    self.storage = storage
  }

  deinit { swarmPlace.deinitialize(count: 1) }

  var swarm: Swarm {
    _read { yield swarmPlace.pointee }
    _modify { yield &swarmPlace.pointee }
  }

  /// The flow to a peer; nil when there is none any more.
  func flow(_ key: PeerKey) -> UInt32? {
    let slot = Int(key.slot)
    guard slot < flows.count, flows[slot].generation == key.generation else { return nil }
    return flows[slot].flow
  }

  func setFlow(_ flow: UInt32, for key: PeerKey) {
    let slot = Int(key.slot)
    while flows.count <= slot { flows.append(HostFlow()) }
    flows[slot] = HostFlow(generation: key.generation, flow: flow)
  }

  func forgetFlow(_ key: PeerKey) {
    let slot = Int(key.slot)
    guard slot < flows.count, flows[slot].generation == key.generation else { return }
    flows[slot] = HostFlow()
  }
}

/// A flow and the generation of the peer key that names it.
struct HostFlow {
  var generation = UInt32.max
  var flow: UInt32 = 0
}

/// Room for the swarms of all hosts, side by side: spread over the heap, each would be on a page of its
/// own, and of those a processor remembers the addresses of a few thousand.
///
/// The invariant: each swarm begins a cache line. Who puts one in takes it out again, and holds the room
/// until then.
final class SwarmRoom {
  private let start: UnsafeMutableRawPointer
  private static let stride =
    (MemoryLayout<Swarm>.stride + Prefetch.lineLength - 1) / Prefetch.lineLength
    * Prefetch.lineLength

  init(count: Int) {
    start = .allocate(byteCount: max(1, count) * Self.stride, alignment: Prefetch.lineLength)
  }

  deinit { start.deallocate() }

  func place(of number: Int) -> UnsafeMutablePointer<Swarm> {
    (start + number * Self.stride).bindMemory(to: Swarm.self, capacity: 1)
  }
}
