import DeterministicCore
import PeerWire

/// Gathers a torrent's info dictionary from peers, part by part (BEP 9).
///
/// The invariant: at most one size is believed at a time, memory is bounded by it, and every part
/// remembers who sent it, so that a whole that fails its hash can be laid at a sole sender's door.
struct MetadataExchange: Sendable {
  private struct Part {
    var sender: PeerKey?
    var askedOf: PeerKey?
    var askedAt = Moment.zero
  }

  private(set) var size: Int?
  private var bytes: [UInt8] = []
  private var parts: [Part] = []
  private var missing = 0
  /// When a part last arrived, or the size was believed.
  private var lastProgress = Moment.zero
  /// After a whole from several senders was wrong, all parts are asked of one peer, so that the
  /// next wrong one is its alone.
  private var usesSoleSource = false
  private var soleSource: PeerKey?

  /// Parts asked of one peer at once.
  static let mostRequestsPerPeer = 4

  /// Believes a size when none is believed yet. Returns whether this is the believed one.
  mutating func believe(size announced: Int, at now: Moment) -> Bool {
    guard announced > 0, announced <= MetadataMessage.longestMetadata else { return false }
    if let size { return size == announced }
    size = announced
    // The space grows as parts arrive: a size is only a claim until then.
    bytes = []
    parts = Array(repeating: Part(), count: MetadataMessage.partCount(of: announced))
    missing = parts.count
    lastProgress = now
    return true
  }

  /// Whether no part has arrived for so long that the size itself is in doubt.
  func isStalled(at now: Moment, patience: TimeSpan) -> Bool {
    missing > 0 && now - lastProgress >= patience
  }

  /// Forgets the believed size and what has arrived of it.
  mutating func disbelieve() {
    soleSource = nil
    size = nil
    bytes = []
    parts = []
    missing = 0
  }

  /// Takes back what was asked and not answered in time. Returns the peers that were silent, each
  /// once.
  mutating func expire(at now: Moment, patience: TimeSpan) -> [PeerKey] {
    var silent: [PeerKey] = []
    for index in parts.indices where parts[index].sender == nil {
      guard let peer = parts[index].askedOf, now - parts[index].askedAt >= patience else {
        continue
      }
      parts[index].askedOf = nil
      if !silent.contains(peer) { silent.append(peer) }
    }
    if let soleSource, silent.contains(soleSource) { release(of: soleSource) }
    return silent
  }

  /// The parts to ask a peer for now.
  mutating func request(of peer: PeerKey, at now: Moment) -> [Int] {
    guard missing > 0 else { return [] }
    if usesSoleSource {
      guard soleSource == nil || soleSource == peer else { return [] }
      soleSource = peer
    }
    var asked = parts.count { $0.sender == nil && $0.askedOf == peer }
    var chosen: [Int] = []
    for part in parts.indices where parts[part].sender == nil {
      guard asked < Self.mostRequestsPerPeer else { break }
      guard parts[part].askedOf == nil else { continue }
      parts[part].askedOf = peer
      parts[part].askedAt = now
      chosen.append(part)
      asked += 1
    }
    return chosen
  }

  /// Takes a part. Returns the whole when this was the last one missing.
  mutating func take(
    part: Int, totalSize: Int, data: [UInt8], from peer: PeerKey, at now: Moment
  ) -> [UInt8]? {
    guard isAwaiting(part: part, of: peer), totalSize == size else { return nil }
    if bytes.isEmpty { bytes = Array(repeating: 0, count: totalSize) }
    let start = part * MetadataMessage.partLength
    bytes.replaceSubrange(start..<start + data.count, with: data)
    parts[part].sender = peer
    lastProgress = now
    missing -= 1
    return missing == 0 ? bytes : nil
  }

  /// Whether a peer was asked for a part and has not answered.
  func isAwaiting(part: Int, of peer: PeerKey) -> Bool {
    parts.indices.contains(part) && parts[part].askedOf == peer && parts[part].sender == nil
  }

  /// A peer refused a part or is gone: others may be asked. A whole that has been handed out stays
  /// as it is: whether it was right has yet to be said.
  mutating func release(part: Int? = nil, of peer: PeerKey) {
    guard missing > 0 else { return }
    if soleSource == peer {
      // What it sent is no use without the rest of it.
      soleSource = nil
      for index in parts.indices { parts[index] = Part() }
      missing = parts.count
      return
    }
    for index in parts.indices
    where parts[index].askedOf == peer && parts[index].sender == nil {
      if part == nil || part == index { parts[index].askedOf = nil }
    }
  }

  /// The whole was wrong. Returns the peers that sent it, each once, and starts over.
  mutating func refute() -> [PeerKey] {
    var senders: [PeerKey] = []
    for part in parts {
      if let sender = part.sender, !senders.contains(sender) { senders.append(sender) }
    }
    usesSoleSource = usesSoleSource || senders.count > 1
    disbelieve()
    return senders
  }
}
