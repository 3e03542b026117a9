import DeterministicCore
import Testing

@testable import SwarmLogic

/// Plays a script against a choker, line by line, and compares what it decides.
///
/// A line is `second  event  [-> decisions]`, with peers named by letters:
///
/// - `join a b`, `leave a`: connections
/// - `wants a b`, `bored a`: interest, after which free slots are filled
/// - `gives a 50`, `takes a 50`: bytes a second to us, and from us, from now on
/// - `has a`: the peer has what we want, and could give
/// - `gave a`: the peer has given, to us or to others
/// - `snubs a`, `sends a`: whether the peer sends what we ask of it
/// - `round`: a regular decision
///
/// Decisions: `+a` unchokes a peer, `-a` chokes it; `->` alone says that nothing is decided, and
/// a line without it leaves the decision open.
struct ChokerScript {
  var choker: Choker
  var isSeeding = false
  var generator: SeededGenerator
  private(set) var candidates: [Choker.Candidate] = []

  init(regular: Int = 4, optimistic: Int = 1, isSeeding: Bool = false, seed: UInt64 = 1) {
    choker = Choker(regularSlots: regular, optimisticSlots: optimistic, startingAt: .zero)
    self.isSeeding = isSeeding
    generator = SeededGenerator(seed: seed)
  }

  var unchoked: String {
    String(candidates.filter(\.isUnchoked).map { Self.letter($0.id) }.sorted())
  }

  mutating func play(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) {
    for line in script.split(separator: "\n") {
      let halves = line.split(separator: "->", maxSplits: 1, omittingEmptySubsequences: false)
      var words = halves[0].split(separator: " ").map(String.init)
      let now = Moment.zero + .seconds(Int(words.removeFirst())!)
      let decided = handle(words.removeFirst(), words, at: now)
      if halves.count == 2 {
        let expected = halves[1].split(separator: " ").map(String.init).sorted()
        #expect(decided == expected, "\(line)", sourceLocation: sourceLocation)
      }
      let served = candidates.count { $0.isUnchoked }
      #expect(served <= choker.slotCount, "\(line)", sourceLocation: sourceLocation)
    }
  }

  /// Makes one thing happen; the decisions, sorted.
  mutating func handle(_ event: String, _ words: [String], at now: Moment) -> [String] {
    let peers = words.filter { $0.first!.isLetter }.map { Self.key(Character($0)) }
    let value = words.last.flatMap { Double($0) } ?? 0
    switch event {
    case "join":
      for peer in peers {
        candidates.append(
          Choker.Candidate(
            id: peer, isInterested: false, isUnchoked: false, connectedAt: now, changedAt: now))
      }
      return []
    case "leave":
      candidates.removeAll { peers.contains($0.id) }
      return fill(now)
    case "wants":
      change(peers) { $0.isInterested = true }
      return fill(now)
    case "bored":
      change(peers) { $0.isInterested = false }
      return fill(now)
    case "gives": change(peers) { $0.receiveRate = value }
    case "takes": change(peers) { $0.sendRate = value }
    case "has": change(peers) { $0.isWanted = true }
    case "gave": change(peers) { $0.hasGiven = true }
    case "snubs": change(peers) { $0.isSnubbed = true }
    case "sends": change(peers) { $0.isSnubbed = false }
    case "round":
      let changes = choker.reevaluate(
        candidates, isSeeding: isSeeding, at: now, using: &generator)
      return apply(changes, now)
    default: Issue.record("no such event: \(event)")
    }
    return []
  }

  private mutating func fill(_ now: Moment) -> [String] {
    let changes = choker.fillFreeSlots(
      candidates, isSeeding: isSeeding, at: now, using: &generator)
    return apply(changes, now)
  }

  private mutating func change(_ peers: [PeerKey], _ body: (inout Choker.Candidate) -> Void) {
    for index in candidates.indices where peers.contains(candidates[index].id) {
      body(&candidates[index])
    }
  }

  private mutating func apply(_ changes: Choker.Changes, _ now: Moment) -> [String] {
    for id in changes.choke {
      let index = candidates.firstIndex { $0.id == id }!
      #expect(candidates[index].isUnchoked, "choked twice")
      candidates[index].isUnchoked = false
      candidates[index].changedAt = now
    }
    for id in changes.unchoke {
      let index = candidates.firstIndex { $0.id == id }!
      #expect(!candidates[index].isUnchoked, "unchoked twice")
      candidates[index].isUnchoked = true
      candidates[index].changedAt = now
    }
    return
      (changes.choke.map { "-\(Self.letter($0))" } + changes.unchoke.map { "+\(Self.letter($0))" })
      .sorted()
  }

  static func key(_ letter: Character) -> PeerKey {
    PeerKey(slot: UInt32(letter.asciiValue!), generation: 1)
  }

  static func letter(_ key: PeerKey) -> Character { Character(UnicodeScalar(UInt8(key.slot))) }
}
