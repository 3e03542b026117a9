import DeterministicCore
import TorrentModel

@testable import SwarmLogic

/// A picker drawn as text, one row for each piece and one character for each block:
///
/// `.` nobody was asked · `a` asked of peer a · `2` asked of two peers · `A` sent by peer a ·
/// `####` verified · `----` not wanted.
///
/// Four verified pieces that are not drawn follow, so that the first pieces are over and the
/// rarest is picked.
struct PickerPicture: ~Copyable {
  static let blocksPerPiece = 4

  var picker: PiecePicker
  let rows: Int

  /// - Parameters:
  ///   - rows: the pieces.
  ///   - availability: the number of peers that have each piece, a digit each.
  ///   - priorities: `l`, `n` or `h` for each piece; all normal if left out.
  init(
    _ rows: [String], availability: String, priorities: String = "", seed: UInt64 = 1,
    firstPiecesAreOver: Bool = true
  ) {
    self.rows = rows.count
    let count = rows.count + (firstPiecesAreOver ? PiecePicker.randomFirstPieces : 0)
    let geometry = PieceGeometry(
      totalLength: UInt64(count * Self.blocksPerPiece) * 16,
      pieceLength: UInt64(Self.blocksPerPiece) * 16, blockLength: 16)!
    var have = Bitfield(count: count)
    for piece in 0..<count where piece >= rows.count || rows[piece].hasPrefix("#") {
      have.insert(PieceIndex(piece))
    }
    picker = PiecePicker(
      geometry: geometry, have: have, generator: SeededGenerator(seed: seed))
    let digits = availability.map { $0.wholeNumberValue! }
    for peer in 1...9 {
      var bitfield = Bitfield(count: count)
      for (piece, digit) in digits.enumerated() where digit >= peer {
        bitfield.insert(PieceIndex(piece))
      }
      picker.add(bitfield)
    }
    for (piece, letter) in priorities.enumerated() {
      let priority: PiecePriority = letter == "l" ? .low : letter == "h" ? .high : .normal
      picker.setPriority(priority, of: PieceIndex(piece))
    }
    for (piece, row) in rows.enumerated() { draw(row, PieceIndex(piece)) }
  }

  static func peer(_ letter: Character) -> PeerKey {
    PeerKey(slot: UInt32(letter.asciiValue! - Character("a").asciiValue!), generation: 1)
  }

  /// The pieces marked by anything but a space.
  func bitfield(_ marks: String) -> Bitfield {
    var bitfield = Bitfield(count: picker.geometry.pieceCount)
    for (piece, mark) in marks.enumerated() where mark != " " {
      bitfield.insert(PieceIndex(piece))
    }
    return bitfield
  }

  /// The picture after a pick of up to `count` blocks for a peer that has the marked pieces.
  mutating func pick(
    _ peer: Character, has marks: String, _ count: Int, suggested: [PieceIndex] = [],
    allowedFast: [PieceIndex]? = nil
  ) -> [String] {
    var blocks: [Block] = []
    picker.pick(
      for: Self.peer(peer), has: bitfield(marks), atMost: count, suggested: suggested,
      allowedFast: allowedFast, into: &blocks)
    return drawn
  }

  var drawn: [String] { (0..<rows).map { drawn(PieceIndex($0)) } }

  private func drawn(_ piece: PieceIndex) -> String {
    if picker.have[piece] { return String(repeating: "#", count: Self.blocksPerPiece) }
    if picker.priority(of: piece) == .unwanted {
      return String(repeating: "-", count: Self.blocksPerPiece)
    }
    guard let slot = picker.partials.slot(of: piece) else {
      return String(repeating: ".", count: Self.blocksPerPiece)
    }
    return String(
      (0..<Self.blocksPerPiece).map { number in
        let state = picker.partials.state(number, in: slot)
        let letter = Character(UnicodeScalar(UInt8(97 + state.peer.slot % 26)))
        if state.isReceived { return Character(letter.uppercased()) }
        if state.requests > 1 { return Character(String(state.requests)) }
        return state.requests == 1 ? letter : "."
      })
  }

  private mutating func draw(_ row: String, _ piece: PieceIndex) {
    precondition(row.count == Self.blocksPerPiece, "a row has a character for each block")
    if row.hasPrefix("-") { picker.setPriority(.unwanted, of: piece) }
    guard row.contains(where: { $0.isLetter || $0.isNumber }) else { return }
    picker.touch(piece)
    let slot = picker.partials.open(piece)
    // Requests are made in order, so what stays unrequested is asked of a stranger first.
    let stranger = PeerKey(slot: 100, generation: 1)
    for (number, character) in row.enumerated() {
      let peer: PeerKey
      if let count = character.wholeNumberValue {
        peer = PeerKey(slot: 101, generation: 1)
        var ignored: [Block] = []
        _ = picker.partials.request(upTo: 1, in: slot, from: peer, into: &ignored)
        for other in 1..<count {
          let key = PeerKey(slot: UInt32(101 + other), generation: 1)
          picker.partials.duplicate(number, in: slot, from: key)
          picker.withRecord(of: key) { $0.outstanding += 1 }
        }
      } else {
        peer = character == "." ? stranger : Self.peer(Character(character.lowercased()))
        var ignored: [Block] = []
        _ = picker.partials.request(upTo: 1, in: slot, from: peer, into: &ignored)
      }
      picker.withRecord(of: peer) {
        $0.outstanding += 1
        $0.current = piece
      }
    }
    for (number, character) in row.enumerated() {
      let block = picker.geometry.block(number, in: piece)
      if character == "." {
        picker.release(block, by: stranger)
      } else if character.isUppercase {
        var others: [PeerKey] = []
        _ = picker.arrived(
          block, from: Self.peer(Character(character.lowercased())), others: &others)
      }
    }
  }
}
