import DeterministicCore
import Networking
import Storage
import SwarmLogic
import TorrentModel

/// What other threads tell a session's loop.
enum SessionMessage: Sendable {
  case worked([WorkerResult])
  case checkProgress(torrent: SlabID, bytes: UInt64)
  case checked(torrent: SlabID, Result<CheckedContent, StorageError>)
  /// What an earlier run of the torrent left.
  case restored(torrent: SlabID, ResumeFile.Finding)
  case kept(torrent: SlabID, KeepingOutcome)
  /// A fact for the swarm of a torrent that an errand found out.
  case leavesRead(torrent: SlabID, SwarmInput)
  /// The nodes of a ring could not be written.
  case ringUnkept(RingName, StorageError)
  /// What a router that speaks UPnP has answered.
  case portMapped(UPnPGateway.Outcome)
  /// Host names looked up; empty when there was no answer.
  case resolved(lookUp: UInt64, [Endpoint])
}

/// Carries the results of the worker pool to the loop.
final class ResultCourier: ResultSink {
  private let mailbox: Mailbox<SessionMessage>

  init(_ mailbox: Mailbox<SessionMessage>) { self.mailbox = mailbox }

  func deliver(_ results: [WorkerResult]) { mailbox.send(.worked(results)) }
}
