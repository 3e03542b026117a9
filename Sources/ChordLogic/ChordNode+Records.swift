import ChordWire
import DeterministicCore
import TorrentModel

/// What a node has still to fetch of the records that are its to keep.
struct Handover: Sendable {
  /// The arc whose records the successor still answers for; nil once they are here.
  var arc: Arc?
}

/// Records: asked for, taken, copied to the next successors, handed over at coming and going.
extension ChordNode {
  /// Where the records of a query are kept.
  private func target(of query: ChordQuery) -> Identifier? {
    switch query {
    case .getPeers(let infoHash): Identifier(infoHash.digest)
    case .announcePeer(let announcement): Identifier(announcement.infoHash.digest)
    case .get(let target, _): target
    case .put(let item, _): item.target
    case .putKeyword(let word, _), .getKeyword(let word, _): word
    default: nil
    }
  }

  mutating func answerRecords(
    _ query: ChordQuery, _ transaction: UInt32, from endpoint: Endpoint, at now: Moment,
    into effects: inout [ChordEffect]
  ) {
    guard let target = target(of: query) else { return }
    let isOwn = stabilizer.owns(target)
    switch query {
    case .getPeers(let infoHash):
      let peers = records.peers(of: infoHash, most: ChordReply.mostPeers, at: now)
      guard mayAnswer(for: target, isEmpty: peers.isEmpty) else { break }
      reply(.peers(peers), transaction, to: endpoint, into: &effects)
      return
    case .get(let target, let sequence):
      let item = records.item(at: target, newerThan: sequence)
      guard mayAnswer(for: target, isEmpty: item == nil && records.items[target] == nil)
      else { break }
      reply(.item(item), transaction, to: endpoint, into: &effects)
      return
    case .getKeyword(let word, let words):
      let found = records.keywords(under: word, with: words, most: ChordReply.mostKeywords)
      guard mayAnswer(for: target, isEmpty: found.isEmpty && records.keywords[word] == nil)
      else { break }
      reply(.keywords(found), transaction, to: endpoint, into: &effects)
      return
    case .announcePeer(let announcement) where isOwn:
      records.announce(announcement, from: endpoint, at: now)
      reply(.announced, transaction, to: endpoint, into: &effects)
      let peer = Endpoint(endpoint.address, port: announcement.port ?? endpoint.port)
      let life =
        announcement.isGone ? 0 : RecordStore.wholePeerLife - RecordStore.longestTransfer
      let copy = StoredPeer(peer, isSeed: announcement.isSeed, life: life)
      copyOut([.peers(announcement.infoHash, [copy])], at: now, into: &effects)
      return
    // A quorum of keepers is told one by one: what proves itself needs no owner's word.
    case .put(let item, let cas) where isOwn || isNearBehind(target):
      let until = now + RecordStore.itemLife
      let failure = records.put(item, cas: cas, until: until)
      answerWrite(failure, .stored, transaction, endpoint, into: &effects)
      let copy = StoredRecord.item(item, life: RecordStore.life(until - now))
      if failure == nil, isOwn { copyOut([copy], at: now, into: &effects) }
      return
    case .putKeyword(let word, let record) where isOwn:
      let until = now + RecordStore.keywordLife
      let failure = records.put(record, under: word, until: until)
      answerWrite(failure, .keywordStored, transaction, endpoint, into: &effects)
      let copy = StoredRecord.keyword(word, record, life: RecordStore.life(until - now))
      if failure == nil { copyOut([copy], at: now, into: &effects) }
      return
    default: break
    }
    if isOwn {
      // Its records are still on their way here; the successor has them meanwhile.
      reject(
        .notOwner, "not here yet", node: stabilizer.successors.first, transaction, endpoint,
        into: &effects)
    } else {
      reject(.notOwner, node: stabilizer.predecessor, transaction, endpoint, into: &effects)
    }
  }

  /// Whoever holds a record may give it; that there is none, only the owner can say, once it has
  /// everything.
  private func mayAnswer(for target: Identifier, isEmpty: Bool) -> Bool {
    guard isEmpty else { return true }
    return stabilizer.owns(target) && handover.arc?.contains(target) != true
  }

  private func answerWrite(
    _ failure: ChordFailure?, _ success: ChordReply, _ transaction: UInt32, _ endpoint: Endpoint,
    into effects: inout [ChordEffect]
  ) {
    var message = ChordMessage(
      transaction: transaction, ring: ring,
      body: failure.map { .failure($0) } ?? .reply(success, ReplyHead(from: own.id)))
    message.observed = endpoint
    effects.append(.send(message, to: endpoint))
  }

  // MARK: Copies

  private var keepers: [Contact] {
    Array(stabilizer.successors.contacts.prefix(configuration.copies - 1))
  }

  private mutating func copyOut(
    _ copies: [StoredRecord], at now: Moment, into effects: inout [ChordEffect]
  ) {
    for contact in keepers {
      ask(contact, .pushRecords(copies), for: .push, at: now, into: &effects)
    }
  }

  /// Once in a while a keeper that is new gets everything: the successors change, and a copy that
  /// got lost must not stay so.
  mutating func replicate(at now: Moment, into effects: inout [ChordEffect]) {
    guard let predecessor = stabilizer.predecessor, recordCount > 0 else { return }
    let arc = Arc(after: predecessor.id, through: own.id)
    let keepers = keepers
    push(
      arc, to: keepers.filter { !provided.contains($0.id) }, at: now, into: &effects)
    // The node before this one has gone. Of its keepers all but the last are also this node's.
    if let start = providedAfter, Identifier.between(predecessor.id, start, own.id) {
      push(
        Arc(after: predecessor.id, through: start),
        to: keepers.filter { provided.contains($0.id) }, at: now, into: &effects)
    }
    provided = keepers.map(\.id)
    providedAfter = predecessor.id
  }

  private mutating func push(
    _ arc: Arc, to contacts: [Contact], at now: Moment, into effects: inout [ChordEffect]
  ) {
    guard !contacts.isEmpty else { return }
    let pages = records.pages(of: arc, at: now).prefix(Self.mostPages)
    for contact in contacts {
      for page in pages {
        ask(contact, .pushRecords(page), for: .push, at: now, into: &effects)
      }
    }
  }

  /// Pages pushed to one node at once.
  private static let mostPages = 256

  /// Whether so few nodes stand between a place and this node that copies of what belongs there may
  /// be kept here, as far as the size of the ring can be told.
  private func isNearBehind(_ id: Identifier) -> Bool {
    let reach = Double(2 * configuration.copies) / Double(max(ringSize, 1))
    return id.distance(to: own.id).fraction <= reach
  }

  /// Copies come from the nodes just before this one; from elsewhere they are somebody's attempt to
  /// have strangers dialled.
  mutating func answerPush(
    _ copies: [StoredRecord], from sender: Contact, _ transaction: UInt32, at now: Moment,
    into effects: inout [ChordEffect]
  ) {
    guard isNearBehind(sender.id) else {
      reject(.generic, "no neighbour", transaction, sender.endpoint, into: &effects)
      return
    }
    for copy in copies { take(copy, at: now) }
    reply(.recordsKept, transaction, to: sender.endpoint, into: &effects)
  }

  private mutating func take(_ copy: StoredRecord, at now: Moment) {
    if case .peers(let infoHash, let peers) = copy {
      for peer in peers where peer.life == 0 { records.forget(peer.endpoint, of: infoHash) }
    }
    records.take(copy, at: now)
  }

  // MARK: Handing over

  /// Fetches the records between the predecessor and this node from the successor, who had them so
  /// far and serves them until they are here.
  mutating func pullRecords(at now: Moment, into effects: inout [ChordEffect]) {
    guard let next = stabilizer.successors.first, let predecessor = stabilizer.predecessor else {
      return
    }
    let arc = Arc(after: predecessor.id, through: own.id)
    handover.arc = arc
    ask(next, .pullRecords(RecordRequest(arc)), for: .pull(arc), at: now, into: &effects)
  }

  mutating func take(
    _ page: [StoredRecord], cursor: [UInt8]?, of arc: Arc, from contact: Contact, at now: Moment,
    into effects: inout [ChordEffect]
  ) {
    guard handover.arc == arc else { return }
    for record in page { take(record, at: now) }
    guard let cursor, !page.isEmpty else {
      handover.arc = nil
      return
    }
    ask(
      contact, .pullRecords(RecordRequest(arc, cursor: cursor)), for: .pull(arc), at: now,
      into: &effects)
  }

  /// The successor is gone; the next one keeps copies of the same.
  mutating func pullFailed(_ arc: Arc, at now: Moment, into effects: inout [ChordEffect]) {
    guard handover.arc == arc else { return }
    handover.arc = nil
    let living = stabilizer.successors.contacts.first {
      !suspicion.isSuspected($0.endpoint, at: now)
    }
    guard let living else { return }
    handover.arc = arc
    ask(living, .pullRecords(RecordRequest(arc)), for: .pull(arc), at: now, into: &effects)
  }

  /// Before leaving: what only this node answers for goes to the successor, which owns it next.
  mutating func handOver(at now: Moment, into effects: inout [ChordEffect]) {
    guard let next = stabilizer.successors.first, let predecessor = stabilizer.predecessor else {
      return
    }
    let arc = Arc(after: predecessor.id, through: own.id)
    for page in records.pages(of: arc, at: now).prefix(Self.mostPages) {
      ask(next, .pushRecords(page), for: .push, at: now, into: &effects)
    }
  }
}
