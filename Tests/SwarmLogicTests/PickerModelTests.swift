import DeterministicCore
import Testing
import TorrentModel

@testable import SwarmLogic

/// The picker against a naive account of the same facts, over random histories.
@Suite struct PickerModelTests {
  @Test(arguments: UInt64(1)...24)
  func agreesWithTheNaiveModel(seed: UInt64) {
    let model = PickerModel(seed: seed)
    for number in 0..<600 { model.step(checking: number % 4 == 0) }
  }
}

/// Keeps who has what and who was asked for what in plain collections, drives the picker at random,
/// and checks every answer.
private final class PickerModel {
  /// Gives out peers' names as a swarm does.
  final class Names {
    var slab = Slab<Bool>()
  }

  struct Peer {
    var key: PeerKey
    var pieces: Set<Int>
    var bitfield: Bitfield
    var outstanding: [Block] = []
  }

  let seed: UInt64
  var random: SeededGenerator
  let geometry: PieceGeometry
  var picker: PiecePicker
  var peers: [Peer] = []
  let names = Names()
  var received: [Block: PeerKey] = [:]
  var arrivals: [Int: [PeerKey]] = [:]
  var verified: Set<Int> = []
  var priorities: [PiecePriority]

  init(seed: UInt64) {
    self.seed = seed
    random = SeededGenerator(seed: seed)
    let pieceCount = 1 + random.below(150)
    let blocks = 1 + random.below(6)
    let total = UInt64(pieceCount * blocks) * 16 - UInt64(random.below(15))
    geometry = PieceGeometry(
      totalLength: total, pieceLength: UInt64(blocks) * 16, blockLength: 16)!
    var have = Bitfield(count: pieceCount)
    for piece in 0..<pieceCount where random.below(10) == 0 {
      have.insert(PieceIndex(piece))
      verified.insert(piece)
    }
    priorities = Array(repeating: .normal, count: pieceCount)
    picker = PiecePicker(
      geometry: geometry, have: have, generator: SeededGenerator(seed: seed &+ 1))
    if random.below(4) == 0 { picker.mostPartialPieces = 1 + random.below(8) }
  }

  func step(checking: Bool) {
    switch random.below(20) {
    case 0: connect()
    case 1: disconnect()
    case 2...4: announce()
    case 5...9: pick()
    case 10...15: arrive()
    case 16: release()
    case 17: finish()
    case 18: if random.below(4) == 0 { prioritise() }
    default: if random.below(8) == 0 { abandon() }
    }
    if checking { check() }
  }

  func asked(_ block: Block) -> [PeerKey] {
    peers.filter { $0.outstanding.contains(block) }.map(\.key)
  }

  func availability(_ piece: Int) -> Int { peers.count { $0.pieces.contains(piece) } }

  func isWanted(_ piece: Int) -> Bool {
    !verified.contains(piece) && priorities[piece] != .unwanted
  }

  func blocks(_ piece: Int) -> [Block] {
    (0..<geometry.blockCount(in: PieceIndex(piece))).map {
      geometry.block($0, in: PieceIndex(piece))
    }
  }

  func isUnrequested(_ block: Block) -> Bool { received[block] == nil && asked(block).isEmpty }

  func isBegun(_ piece: Int) -> Bool { picker.partials.slot(of: PieceIndex(piece)) != nil }

  func connect() {
    guard peers.count < 12 else { return }
    var bitfield = Bitfield(count: geometry.pieceCount)
    switch random.below(3) {
    case 0: bitfield = .full(count: geometry.pieceCount)
    case 1: break
    default:
      for piece in 0..<geometry.pieceCount where random.below(3) == 0 {
        bitfield.insert(PieceIndex(piece))
      }
    }
    var pieces: Set<Int> = []
    for piece in 0..<geometry.pieceCount where bitfield[PieceIndex(piece)] { pieces.insert(piece) }
    picker.add(bitfield)
    peers.append(Peer(key: names.slab.insert(true), pieces: pieces, bitfield: bitfield))
  }

  func disconnect() {
    guard !peers.isEmpty else { return }
    let peer = peers.remove(at: random.below(peers.count))
    picker.releaseAll(of: peer.key, blocks: peer.outstanding)
    picker.remove(peer.bitfield)
    names.slab.remove(peer.key)
  }

  /// A few HAVEs, or all that a peer lacks, so that it becomes a seed piece by piece.
  func announce() {
    guard !peers.isEmpty else { return }
    let index = random.below(peers.count)
    let all = random.below(10) == 0
    for piece in 0..<geometry.pieceCount where all || random.below(20) == 0 {
      guard peers[index].bitfield.insert(PieceIndex(piece)) else { continue }
      peers[index].pieces.insert(piece)
      let isMissing = picker.addHave(PieceIndex(piece))
      #expect(isMissing == isWanted(piece))
    }
  }

  func pick() {
    guard !peers.isEmpty else { return }
    let index = random.below(peers.count)
    let peer = peers[index]
    let endgame = picker.isInEndgame
    let count = 1 + random.below(10)
    let choked = random.below(8) == 0
    let allowed = choked ? peer.pieces.sorted().prefix(3).map { PieceIndex($0) } : nil
    let begun = Set((0..<geometry.pieceCount).filter { isBegun($0) })
    let isRoom = picker.partialPieceCount < picker.mostPartialPieces
    // Others' pieces after a failed hash may have to wait.
    let free = begun.filter { piece in
      picker.partials[picker.partials.slot(of: PieceIndex(piece))!].soleSource == nil
    }
    var picked: [Block] = []
    picker.pick(
      for: peer.key, has: peer.bitfield, atMost: count, allowedFast: allowed, into: &picked)
    #expect(picked.count <= count, "seed \(seed)")
    for block in picked {
      let piece = block.piece.index
      #expect(isWanted(piece) && peer.pieces.contains(piece), "seed \(seed)")
      #expect(received[block] == nil, "seed \(seed): \(block) is here")
      #expect(!peer.outstanding.contains(block), "seed \(seed): asked twice of one peer")
      let others = asked(block).count
      #expect(others == 0 || picker.isInEndgame, "seed \(seed): asked twice outside the endgame")
      #expect(others < Endgame.mostRequests, "seed \(seed)")
      if let allowed { #expect(allowed.contains(block.piece), "seed \(seed)") }
    }
    #expect(Set(picked).count == picked.count, "seed \(seed)")
    if !endgame && allowed == nil {
      checkPreference(of: picked, by: peer, begun: begun, free: free, isRoom: isRoom)
    }
    peers[index].outstanding += picked
  }

  /// The first new piece among the picks is one of the best that the peer could give.
  func checkPreference(
    of picked: [Block], by peer: Peer, begun: Set<Int>, free: Set<Int>, isRoom: Bool
  ) {
    let untouched = peer.pieces.filter { isWanted($0) && !begun.contains($0) }
    let open = free.filter { piece in
      peer.pieces.contains(piece) && isWanted(piece) && blocks(piece).contains(where: isUnrequested)
    }
    if picked.isEmpty {
      #expect(untouched.isEmpty || !isRoom, "seed \(seed): \(untouched) not asked for")
      #expect(open.isEmpty, "seed \(seed): \(open) not asked for")
    }
    guard let fresh = picked.first(where: { !begun.contains($0.piece.index) })?.piece.index else {
      return
    }
    let best = untouched.map { priorities[$0] }.max()!
    #expect(priorities[fresh] == best, "seed \(seed)")
    if verified.count >= PiecePicker.randomFirstPieces {
      let rarest = untouched.filter { priorities[$0] == best }.map(availability).min()
      #expect(availability(fresh) == rarest, "seed \(seed): not the rarest")
    }
    if picked.first!.piece.index == fresh {
      let rivals = open.filter { priorities[$0] >= priorities[fresh] }
      #expect(rivals.isEmpty, "seed \(seed): a new piece before a partial one")
    }
  }

  func arrive() {
    guard
      let index = peers.indices.filter({ !peers[$0].outstanding.isEmpty }).randomElement(
        using: &random)
    else { return }
    let place = random.below(peers[index].outstanding.count)
    let block = peers[index].outstanding[place]
    let key = peers[index].key
    var others: [PeerKey] = []
    let arrival = picker.arrived(block, from: key, others: &others)
    peers[index].outstanding.remove(at: place)
    received[block] = key
    arrivals[block.piece.index, default: []].append(key)
    #expect(Set(others) == Set(asked(block)), "seed \(seed)")
    #expect(others.count == asked(block).count, "seed \(seed)")
    let whole = blocks(block.piece.index).allSatisfy { received[$0] != nil }
    #expect(arrival == .accepted(completesPiece: whole), "seed \(seed)")
    for other in peers.indices { peers[other].outstanding.removeAll { $0 == block } }
    let isReceived = picker.isReceived(block)
    #expect(isReceived, "seed \(seed)")
    let again = picker.arrived(block, from: key, others: &others)
    #expect(again == .unexpected, "seed \(seed)")
  }

  func release() {
    guard
      let index = peers.indices.filter({ !peers[$0].outstanding.isEmpty }).randomElement(
        using: &random)
    else { return }
    let block = peers[index].outstanding.remove(at: 0)
    let key = peers[index].key
    let releases = [picker.release(block, by: key), picker.release(block, by: key)]
    #expect(releases == [true, false], "seed \(seed)")
    var others: [PeerKey] = []
    let arrival = picker.arrived(block, from: key, others: &others)
    #expect(arrival == .unexpected, "seed \(seed)")
  }

  func finish() {
    let whole = (0..<geometry.pieceCount).filter { piece in
      !verified.contains(piece) && blocks(piece).allSatisfy { received[$0] != nil }
    }
    for piece in whole {
      if random.below(3) == 0 {
        var senders: [PeerKey] = []
        for sender in arrivals[piece]! where !senders.contains(sender) { senders.append(sender) }
        let contributors = picker.failed(PieceIndex(piece))
        #expect(contributors == senders, "seed \(seed)")
      } else {
        picker.verified(PieceIndex(piece))
        verified.insert(piece)
      }
      for block in blocks(piece) { received[block] = nil }
      arrivals[piece] = nil
    }
  }

  func prioritise() {
    let piece = random.below(geometry.pieceCount)
    priorities[piece] = PiecePriority.allCases.randomElement(using: &random)!
    picker.setPriority(priorities[piece], of: PieceIndex(piece))
  }

  func abandon() {
    guard let piece = picker.mostStalledPiece else { return }
    #expect(blocks(piece.index).allSatisfy { asked($0).isEmpty }, "seed \(seed)")
    var cancel: [OutstandingRequest] = []
    picker.abandon(piece, cancel: &cancel)
    #expect(cancel.isEmpty, "seed \(seed)")
    for block in blocks(piece.index) { received[block] = nil }
    arrivals[piece.index] = nil
  }

  func check() {
    var left: UInt64 = 0
    for piece in 0..<geometry.pieceCount {
      let index = PieceIndex(piece)
      #expect(picker.availability(of: index) == availability(piece), "seed \(seed): piece \(piece)")
      #expect(picker.have[index] == verified.contains(piece), "seed \(seed)")
      if isWanted(piece) { left += UInt64(geometry.length(of: index)) }
    }
    #expect(picker.bytesLeft == left, "seed \(seed)")
    #expect(picker.partialPieceCount <= picker.mostPartialPieces, "seed \(seed)")
    for peer in peers {
      #expect(
        picker.wants(anyOf: peer.bitfield) == peer.pieces.contains(where: isWanted), "seed \(seed)")
      #expect(
        picker.countWanted(in: peer.bitfield) == peer.pieces.count(where: isWanted), "seed \(seed)")
      #expect(picker.outstandingCount(at: peer.key) == peer.outstanding.count, "seed \(seed)")
    }
    let isUnrequestedAnywhere = (0..<geometry.pieceCount).contains { piece in
      isWanted(piece) && availability(piece) > 0 && blocks(piece).contains(where: isUnrequested)
    }
    if picker.isInEndgame { #expect(!isUnrequestedAnywhere, "seed \(seed): endgame too early") }
  }
}
