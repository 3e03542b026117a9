import DeterministicCore
import Networking
import Storage
import SwarmLogic
import TorrentModel

/// Pieces that were fetched and verified and that the disk would not take.
///
/// The invariant: each of them has its buffer still, and the attempt under way is one of them.
struct RefusedPieces {
  struct Piece {
    let index: PieceIndex
    /// Whether the digests of its blocks are wanted, too.
    let isSuspect: Bool
  }

  var pieces: [Piece] = []
  /// The piece that is being written again, to see whether the disk takes it.
  var attempt: PieceIndex?
  /// Attempts that failed in a row.
  var attempts = 0
  /// Reads for peers that failed, which nobody repeats.
  var failedReads = 0
}

// A disk that refuses. One torrent waits; the others of the session go on.
extension TorrentRunner {
  /// The longest wait between two attempts.
  private static let longestDiskRetry = TimeSpan.seconds(10)
  /// Failures in a row of a disk that may recover, before it is given up.
  private static let mostDoubtfulAttempts = 5

  /// Takes in a piece that could not be written. What was fetched is not fetched again: the piece
  /// waits in its buffer and is itself what the disk is tried with.
  func hold(_ result: WorkerResult, refusedWith error: StorageError) {
    let wasAttempt = refused.attempt == result.piece
    if wasAttempt {
      refused.attempt = nil
      refused.attempts += 1
    }
    if case .failed = phase { return tell(.pieceLost(result.piece)) }
    guard canWait(for: error) else {
      tell(.pieceLost(result.piece))
      return fail(.storage(error))
    }
    buffers[result.piece.index] = result.buffer
    if !refused.pieces.contains(where: { $0.index == result.piece }) {
      refused.pieces.append(
        .init(index: result.piece, isSuspect: !result.blockDigests.isEmpty))
    }
    // Whoever waits already has an attempt before it.
    if case .waiting = phase, !wasAttempt { return }
    tell(.downloadPaused(true))
    enter(.waiting(error))
    scheduleAttempt()
  }

  /// Goes on if the piece that the disk was tried with has been taken.
  func noteWritten(_ piece: PieceIndex) {
    guard piece == refused.attempt else { return }
    refused.attempt = nil
    recover()
  }

  /// Nothing is tried any more: the memory of the pieces is given back.
  func dropRefusedPieces() {
    let pieces = refused.pieces
    refused.pieces = []
    for piece in pieces.map(\.index) where buffers[piece.index] != nil {
      buffers[piece.index] = nil
      tell(.pieceLost(piece))
    }
  }

  private func canWait(for error: StorageError) -> Bool {
    switch error.outlook {
    case .passes: true
    case .mayPass: refused.attempts < Self.mostDoubtfulAttempts
    case .stays: false
    }
  }

  private func scheduleAttempt() {
    reactor.schedule(after: diskRetry) { [weak self] in self?.tryDiskAgain() }
  }

  private var diskRetry: TimeSpan {
    min(
      session.configuration.firstDiskRetry * (1 << min(refused.attempts, 16)), Self.longestDiskRetry
    )
  }

  private func tryDiskAgain() {
    guard case .waiting = phase else { return }
    guard swarm.isReady else {
      if let info { openFiles(info) }
      return
    }
    refused.pieces.removeAll { buffers[$0.index.index] == nil || isHere($0) }
    guard let piece = refused.pieces.first else { return recover() }
    refused.attempt = piece.index
    verify(piece.index, isSuspect: piece.isSuspect)
  }

  /// The disk takes pieces again: the others that wait follow, and more are fetched.
  private func recover() {
    refused.attempts = 0
    let waiting = refused.pieces
    refused.pieces = []
    enter(swarm.isFinished ? .seeding : .downloading)
    for piece in waiting where !isHere(piece) { verify(piece.index, isSuspect: piece.isSuspect) }
    tell(.downloadPaused(false))
  }

  private func isHere(_ piece: RefusedPieces.Piece) -> Bool { swarm.have?[piece.index] ?? false }

  /// The files could not be opened, read or prepared.
  func giveUpOpening(_ error: StorageError) {
    guard canWait(for: error) else { return fail(.storage(error)) }
    refused.attempts += 1
    enter(.waiting(error))
    scheduleAttempt()
  }

  /// A block could not be read for a peer, whose connection ends by it. What may pass is no reason
  /// to stop serving the rest.
  func noteFailedRead(_ error: StorageError) {
    if error.outlook == .mayPass { refused.failedReads += 1 }
    let isHopeless = refused.failedReads >= Self.mostDoubtfulAttempts
    if error.outlook == .stays || isHopeless { fail(.storage(error)) }
  }
}
