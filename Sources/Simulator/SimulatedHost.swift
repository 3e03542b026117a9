import DeterministicCore
import SwarmLogic
import TorrentModel

/// One host: the production decisions, and the state of what they are driven by.
final class SimulatedHost {
  let number: Int
  var isOnline = false
  /// It went of its own accord, and does not come back.
  var hasLeft = false
  /// Counts arrivals and restarts, so that what was meant for an earlier life is not taken for one
  /// of this.
  var life: UInt32 = 0
  /// The flow behind each peer key, by its slot.
  var flows: [HostFlow] = []
  var swarm: Swarm
  var storage: SimulatedStorage
  let plan: HostPlan
  var schedule: AnnounceSchedule
  var announceSetFor = Moment.distantFuture

  // The uplink serves blocks one at a time, in turn for each flow that may send.
  var isSending = false
  var sendsUntil = Moment.zero
  var turns = Queue<UInt32>()
  /// When the downlink will have passed on all that has come to it.
  var downlinkFreeAt = Moment.zero

  // What is measured.
  var startedAt: Moment?
  var completedAt: Moment?
  var lastProgress = Moment.zero
  var bytesSent: UInt64 = 0
  var bytesReceived: UInt64 = 0
  var bytesDiscarded: UInt64 = 0
  var blocksSent = 0
  /// Bytes its swarm was told of, in this life.
  var bytesUploaded: UInt64 = 0
  var bytesLanded: UInt64 = 0
  var bannedBy = 0
  /// Why it was banned first.
  var banReason: String?

  init(
    _ number: Int, _ plan: HostPlan, _ swarm: consuming Swarm, _ schedule: AnnounceSchedule,
    _ storage: SimulatedStorage
  ) {
    self.number = number
    self.plan = plan
    self.swarm = swarm
    self.schedule = schedule
    self.storage = storage
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
