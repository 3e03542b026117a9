import DeterministicCore
import Networking
import Storage
import SwarmLogic
import TorrentModel

/// How the state of a download stands to what is on the disk.
///
/// The invariant: one errand at a time reads or writes the file, and none writes it once the
/// download is complete.
struct StateKeeping {
  let file: ResumeFile
  /// What an earlier run left.
  var restored: ResumeData?
  var isBusy = false
  /// The download is complete: there is nothing to resume.
  var isOver = false
  /// The pieces that the file claims, or will when the errand under way is done.
  var claimed: Bitfield?
  /// Pieces that a failed sync may have lost, though they can still be read: never claimed.
  var doubtful: Bitfield?
  /// A warning is given once in a row.
  var hasWarned = false

  init(_ file: ResumeFile) { self.file = file }
}

/// How a state got to the disk.
enum KeepingOutcome: Sendable {
  case kept
  /// The data that the state claims did not get to the disk, so it was not written.
  case unsynced(StorageError)
  case unwritten(StorageError)

  /// Brings the data to the disk first, then a state that claims no more than that.
  init(keeping state: ResumeData, of storage: any PieceStorage, in file: ResumeFile) {
    do throws(StorageError) {
      try storage.sync()
    } catch {
      self = .unsynced(error)
      return
    }
    var state = state
    state.marks = storage.marks()
    do throws(StorageError) {
      try file.write(state)
      self = .kept
    } catch {
      self = .unwritten(error)
    }
  }
}

// What one run of a download leaves to the next.
extension TorrentRunner {
  // MARK: At the start

  /// Has the state of an earlier run read, off the loop; goes on with `restore`.
  func lookForState() {
    guard let file = keeping?.file else { return }
    let (mailbox, id) = (session.mailbox!, id)
    session.workers.run { mailbox.send(.restored(torrent: id, file.read())) }
  }

  func restore(_ finding: ResumeFile.Finding) {
    guard phase != .stopped else { return }
    keeping?.restored = finding.data
    if let trouble = finding.trouble { report(.resume(.damaged(trouble))) }
    begin()
  }

  func report(trusted: Bitfield?, of info: TorrentInfo) {
    guard let trusted else { return }
    let bytes = trusted.pieces.reduce(UInt64(0)) { $0 + UInt64(info.geometry.length(of: $1)) }
    report(.resume(.trusted(bytes: bytes)))
  }

  /// Peers of a private torrent are its tracker's to name (BEP 27).
  var rememberedPeers: [Endpoint] {
    guard let restored = keeping?.restored, !restored.info.isPrivate else { return [] }
    return restored.peers
  }

  // MARK: While it goes on

  func scheduleKeeping(after span: TimeSpan) {
    guard keeping?.isOver == false else { return }
    reactor.schedule(after: span) { [weak self] in self?.keepState() }
  }

  private func keepState() {
    guard phase != .stopped, let keeping, !keeping.isOver, !keeping.isBusy else { return }
    guard let storage, let state = stateToKeep, state.have != keeping.claimed else {
      return scheduleKeeping(after: session.configuration.keepingInterval)
    }
    self.keeping!.isBusy = true
    self.keeping!.claimed = state.have
    let (mailbox, id, file) = (session.mailbox!, id, keeping.file)
    session.workers.run {
      let outcome = KeepingOutcome(keeping: state, of: storage, in: file)
      mailbox.send(.kept(torrent: id, outcome))
    }
  }

  /// What can be claimed at the moment: pieces of which the storage has said that it has them.
  private var stateToKeep: ResumeData? {
    guard let info, var have = swarm.have else { return nil }
    if let doubtful = keeping?.doubtful {
      for piece in doubtful.pieces { have.remove(piece) }
    }
    var state = ResumeData(info: info, have: have)
    let snapshot = snapshot
    state.downloaded = snapshot.downloaded
    state.uploaded = snapshot.uploaded
    state.peers = swarm.dialablePeers(atMost: ResumeData.mostPeers)
    return state
  }

  func finishKeeping(_ outcome: KeepingOutcome) {
    guard phase != .stopped, keeping != nil else { return }
    keeping!.isBusy = false
    if keeping!.isOver { return removeState() }
    switch outcome {
    case .kept:
      keeping!.hasWarned = false
    case .unwritten(let error):
      keeping!.claimed = nil
      if !keeping!.hasWarned { report(.resume(.unkept(error))) }
      keeping!.hasWarned = true
    case .unsynced(let error):
      // Which pieces were lost is not known; after the next start all are read.
      keeping!.doubtful = swarm.have
      keeping!.claimed = nil
      if error.outlook == .stays { fail(.storage(error)) }
    }
    scheduleKeeping(after: session.configuration.keepingInterval)
  }

  // MARK: At the end

  /// The download is complete: the next run finds files that speak for themselves.
  func forgetState() {
    guard keeping != nil else { return }
    keeping!.isOver = true
    if !keeping!.isBusy { removeState() }
  }

  private func removeState() {
    guard let file = keeping?.file else { return }
    session.workers.run { file.remove() }
  }

  /// Writes the state that the next run goes on from. Waits for the disk: called when the loop and
  /// the workers have ended, so that every write is among what is claimed or will be found.
  func keepLastState() {
    guard let keeping else { return }
    if keeping.isOver { return keeping.file.remove() }
    guard let storage, let state = stateToKeep else { return }
    if case .unwritten(let error) = KeepingOutcome(keeping: state, of: storage, in: keeping.file) {
      report(.resume(.unkept(error)))
    }
  }
}
