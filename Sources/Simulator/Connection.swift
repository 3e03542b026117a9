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
///
/// Half a cache line, so that a message finds both ends in one.
struct Flow {
  /// When what was last sent on it arrives; what follows arrives no sooner.
  var lastArrival = Moment.zero
  /// The host at this end.
  var host: UInt32
  /// Which of the connections that had this place it belongs to; the same at both ends.
  var generation: UInt32
  /// Under which name its swarm knows the other end; nil before and after.
  var key: PeerKey?
  /// The end is closed, or has been told that the other is.
  var isClosed = false
  /// Its host has told the other end that it serves it.
  var isUnchoked = false
  /// It stands among its host's turns.
  var hasTurn = false
  /// Blocks that have left the uplink's queue and not passed the other end's downlink.
  var inFlight: Int32 = 0

  init(host: UInt32, generation: UInt32) {
    self.host = host
    self.generation = generation
  }
}

/// All connections, at both ends. A place is used again when both ends have closed and nothing is on
/// its way; its generation tells strangers from those who were meant.
///
/// The invariants: the first `count` of `flows` are initialised, `waiting` has as many elements, and
/// a flow with an even number begins a cache line. An open flow that has a key is one of a host that
/// is online: a host that goes closes those of which its swarm knows.
struct ConnectionTable: ~Copyable {
  private var flows: UnsafeMutablePointer<Flow>
  private var count = 0
  private var capacity: Int
  /// Blocks that wait for the uplink, by flow.
  private var waiting: [Queue<BlockName>] = []
  private var free: [UInt32] = []

  init() {
    capacity = 64
    flows = Self.room(for: capacity)
  }

  deinit { flows.deallocate() }

  private static func room(for capacity: Int) -> UnsafeMutablePointer<Flow> {
    UnsafeMutableRawPointer.allocate(
      byteCount: capacity * MemoryLayout<Flow>.stride, alignment: 2 * MemoryLayout<Flow>.stride
    ).bindMemory(to: Flow.self, capacity: capacity)
  }

  subscript(flow: UInt32) -> Flow {
    _read {
      precondition(flow < count, "a flow that was never opened")
      yield flows[Int(flow)]
    }
    _modify {
      precondition(flow < count, "a flow that was never opened")
      yield &flows[Int(flow)]
    }
  }

  /// Fetches both ends of a connection.
  @inline(__always)
  func prefetch(_ flow: UInt32) { Prefetch.line(at: flows + Int(flow)) }

  /// Fetches the blocks that wait to be sent on a flow.
  @inline(__always)
  func prefetchWaiting(on flow: UInt32) { waiting.place(of: Int(flow)).prefetch() }

  /// Fetches the first of them. - Precondition: what `prefetchWaiting` fetches is at hand.
  @inline(__always)
  func prefetchFirstWaiting(on flow: UInt32) { waiting[Int(flow)].firstPlace.prefetch() }

  /// The blocks that wait for the uplink to be sent on a flow.
  subscript(waitingOn flow: UInt32) -> Queue<BlockName> {
    _read { yield waiting[Int(flow)] }
    _modify { yield &waiting[Int(flow)] }
  }

  /// Whether a flow is the one that was meant and open.
  func isOpen(_ flow: UInt32, _ generation: UInt32) -> Bool {
    self[flow].generation == generation && !self[flow].isClosed
  }

  /// Returns the flow of the host that dials.
  mutating func open(from dialler: UInt32, to host: UInt32) -> UInt32 {
    if let place = free.popLast() {
      let generation = self[place].generation
      self[place] = Flow(host: dialler, generation: generation)
      self[place + 1] = Flow(host: host, generation: generation)
      waiting[Int(place)] = Queue()
      waiting[Int(place) + 1] = Queue()
      return place
    }
    if count == capacity { grow() }
    (flows + count).initialize(to: Flow(host: dialler, generation: 0))
    (flows + count + 1).initialize(to: Flow(host: host, generation: 0))
    waiting.append(Queue())
    waiting.append(Queue())
    count += 2
    return UInt32(count - 2)
  }

  private mutating func grow() {
    let larger = Self.room(for: 2 * capacity)
    larger.moveInitialize(from: flows, count: count)
    flows.deallocate()
    flows = larger
    capacity *= 2
  }

  /// Frees the place of a connection both ends of which are closed.
  mutating func releaseIfClosed(_ flow: UInt32) {
    let first = flow & ~1
    guard self[first].isClosed, self[first + 1].isClosed else { return }
    self[first].generation &+= 1
    self[first + 1].generation &+= 1
    free.append(first)
  }
}
