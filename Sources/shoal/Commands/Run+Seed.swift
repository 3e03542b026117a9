import DeterministicCore
import Session
import Storage
import SwarmLogic
import TorrentModel

/// Seeds what is on disk until interrupted.
func runSeed(_ options: SeedOptions, console: Console) throws(CommandError) -> ExitCode {
  let source = try options.source.read(through: options.peers.proxy)
  guard case .metainfo(let metainfo) = source.torrent else {
    preconditionFailure("a link is refused with the flags")
  }
  let command = SeedCommand()
  let loop = try TransferLoop(
    options.peers, usualPort: SessionConfiguration.usualPort,
    isSuperSeeding: options.isSuperSeeding, usesRings: source.torrent.ring != nil, console: console,
    command: command)
  loop.provide(RingWallet(), for: source.torrent)
  var torrent = options.peers.torrent(in: options.data)
  do {
    torrent.storage = try FileStorage.payload(of: metainfo.info.layout, at: options.data)
  } catch {
    throw CommandError(error)
  }
  torrent.isReadOnly = true
  torrent.trustsData = options.trustsData
  torrent.origin = source.origin
  torrent.trackers = options.trackers
  loop.announceStart(of: source.torrent)
  loop.session.add(source.torrent, torrent)
  return try loop.run()
}

/// The state of a `seed`: there is none, but what was found on disk matters at the start.
private final class SeedCommand: TransferCommand {
  func torrent(_ runner: TorrentRunner, did event: TorrentEvent, in loop: TransferLoop) {
    switch event {
    case .phase(.seeding):
      loop.view.note("seeding \(SafeText.visible(runner.name))")
    case .phase(.downloading):
      found(runner, in: loop)
    case .phase(.failed(let failure)):
      loop.end(CommandError(failure, on: runner.name))
    default:
      break
    }
  }

  /// Not everything is there: what is there is served, if it is anything.
  private func found(_ runner: TorrentRunner, in loop: TransferLoop) {
    let snapshot = runner.snapshot
    guard snapshot.bytesDone > 0 else {
      return loop.end(
        CommandError(
          .dataMismatch, "none of its data is in the folder", on: runner.name,
          remedy: "name the folder that holds it with --data"))
    }
    loop.view.note(
      "\(SafeText.visible(runner.name)): only "
        + "\(Format.percent(snapshot.bytesDone, of: snapshot.bytesTotal)) is right; serving that")
  }

  func tick(at now: Moment, in loop: TransferLoop) {}

  func interrupted(in loop: TransferLoop) { loop.end(.done) }
}
