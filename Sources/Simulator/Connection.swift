import DeterministicCore
import SwarmLogic
import TorrentModel

/// A block on its way, small enough for an event.
struct BlockName: Equatable {
  var piece: UInt32
  var number: UInt16
}

/// One end of a connection: what its host sends on it. The ends of connection `c` are the flows
/// `2c`, of the host that dialled, and `2c + 1`.
struct Flow {
  /// The host at this end.
  var host: UInt32
  /// Which of the connections that had this place it belongs to; the same at both ends.
  var generation: UInt32
  /// Under which name its swarm knows the other end; nil before and after.
  var key: PeerKey?
  /// The end is closed, or has been told that the other is.
  var isClosed = false
  /// When what was last sent on it arrives; what follows arrives no sooner.
  var lastArrival = Moment.zero
  /// Blocks that wait for the uplink.
  var queue = Queue<BlockName>()
  /// Blocks that have left the uplink's queue and not passed the other end's downlink.
  var inFlight: Int32 = 0
  /// Its host has told the other end that it serves it.
  var isUnchoked = false
  /// It stands among its host's turns.
  var hasTurn = false

  init(host: UInt32, generation: UInt32) {
    self.host = host
    self.generation = generation
  }
}

/// All connections, at both ends. A place is used again when both ends have closed and nothing is on
/// its way; its generation tells strangers from those who were meant.
struct ConnectionTable: ~Copyable {
  private(set) var flows: [Flow] = []
  private var free: [UInt32] = []

  subscript(flow: UInt32) -> Flow {
    _read { yield flows[Int(flow)] }
    _modify { yield &flows[Int(flow)] }
  }

  /// Whether a flow is the one that was meant and open.
  func isOpen(_ flow: UInt32, _ generation: UInt32) -> Bool {
    flows[Int(flow)].generation == generation && !flows[Int(flow)].isClosed
  }

  /// Returns the flow of the host that dials.
  mutating func open(from dialler: UInt32, to host: UInt32) -> UInt32 {
    if let place = free.popLast() {
      let generation = flows[Int(place)].generation
      flows[Int(place)] = Flow(host: dialler, generation: generation)
      flows[Int(place) + 1] = Flow(host: host, generation: generation)
      return place
    }
    flows.append(Flow(host: dialler, generation: 0))
    flows.append(Flow(host: host, generation: 0))
    return UInt32(flows.count - 2)
  }

  /// Frees the place of a connection both ends of which are closed.
  mutating func releaseIfClosed(_ flow: UInt32) {
    let first = flow & ~1
    guard flows[Int(first)].isClosed, flows[Int(first) + 1].isClosed else { return }
    flows[Int(first)].generation &+= 1
    flows[Int(first) + 1].generation &+= 1
    free.append(first)
  }
}
