public import DeterministicCore
import SwarmLogic
import TorrentModel

/// A host plays what it fetches, from the first byte to the last.
public struct Playback: Sendable {
  /// Bytes a second.
  public var rate: Double
  /// What has to be there before it begins; afterwards it goes on with every piece that comes.
  public var buffer: TimeSpan

  public init(rate: Double, buffer: TimeSpan = .seconds(2)) {
    self.rate = rate
    self.buffer = buffer
  }
}

/// What became of a host's playback.
public struct PlaybackOutcome: Sendable {
  /// From the host's arrival to the first picture.
  public internal(set) var start: TimeSpan?
  /// Times that the next piece was not there when it was to be played.
  public internal(set) var stalls = 0
  /// How long they took together.
  public internal(set) var stalled = TimeSpan.zero
}

/// A player of one host: it plays a piece at a time, and its swarm's window begins at that piece.
struct Player {
  let plan: Playback
  /// The piece that is played, or waited for.
  var piece = 0
  /// Nil while it plays.
  var waitsSince: Moment?
  var outcome = PlaybackOutcome()

  init(_ plan: Playback, at now: Moment) {
    self.plan = plan
    waitsSince = now
  }
}

// Players, on events.
extension World {
  mutating func startPlayer(of host: SimulatedHost) {
    guard let playback = host.plan.playback else { return }
    if host.player == nil { host.player = Player(playback, at: now) }
    moveWindow(of: host)
  }

  private mutating func moveWindow(of host: SimulatedHost) {
    guard let player = host.player else { return }
    let window =
      player.piece < geometry.pieceCount
      ? ReadingWindow.pieces(
        from: geometry.offset(of: PieceIndex(player.piece)), to: geometry.totalLength, in: geometry)
      : 0..<0
    tell(host.number, .reading(window.isEmpty ? [] : [window]))
  }

  /// A piece has come: the player may have waited for it.
  mutating func wakePlayer(of host: SimulatedHost) {
    guard host.plays, let player = host.player, let since = player.waitsSince else { return }
    let pieceTime = Double(geometry.pieceLength) / player.plan.rate
    let needed = player.outcome.start == nil ? Int(player.plan.buffer.seconds / pieceTime) + 1 : 1
    for piece in player.piece..<min(player.piece + needed, geometry.pieceCount)
    where !host.storage.verified[PieceIndex(piece)] {
      return
    }
    if player.outcome.start == nil {
      host.player!.outcome.start = now - since
    } else {
      host.player!.outcome.stalls += 1
      host.player!.outcome.stalled = player.outcome.stalled + (now - since)
    }
    host.player!.waitsSince = nil
    play(host)
  }

  private mutating func play(_ host: SimulatedHost) {
    guard let player = host.player else { return }
    let length = geometry.length(of: PieceIndex(player.piece))
    schedule(
      .played, at: now + .seconds(Double(length) / player.plan.rate), host: host.number,
      generation: host.life)
  }

  /// The player has come to the end of a piece.
  mutating func finishPlaying(_ event: Event) {
    guard isAlive(Int(event.host), event.generation) else { return }
    let host = hosts[Int(event.host)]
    host.player!.piece += 1
    moveWindow(of: host)
    let piece = host.player!.piece
    guard piece < geometry.pieceCount else { return }
    if host.storage.verified[PieceIndex(piece)] {
      play(host)
    } else {
      host.player!.waitsSince = now
    }
  }
}
