import Session
import Storage
import TorrentModel

extension Verb {
  static let verify = Verb(
    "verify", "Checks data on disk against its metainfo.",
    operands: .exactly(.torrentFile, .path), groups: [],
    details: [
      "PATH is the data itself, whatever it is called, or the folder that holds it under the "
        + "torrent's name: whichever has more of the torrent's files, the latter when equal.",
      "Every byte is read once, on all processors, and nothing is written. A file is listed when it "
        + "is missing, short, long, damaged (and in which pieces), or uncertain: its own bytes may "
        + "be right, but they share a piece with a file that is not there or has another length.",
    ],
    examples: [
      .init("shoal verify film.torrent /srv/films", "checks /srv/films/NAME"),
      .init("shoal verify film.torrent renamed.mkv", "checks a file under another name"),
      .init(
        "shoal verify --json film.torrent . | jq -r 'select(.event==\"file\").path'",
        "the paths that are not right"),
    ],
    exitCodes: [.done, .failure, .usage, .badMetainfo, .dataMismatch, .disk, .incomplete],
    events: [.progress, .file, .checked, .error]
  ) { arguments, console throws(CommandError) in
    let source = try Source(parsing: arguments.operands[0])
    guard case .metainfo(let metainfo) = try source.read().torrent else {
      throw .usage(
        "a link has no hashes to check against", on: arguments.operands[0],
        remedy: "give the .torrent file")
    }
    return try verify(metainfo.info, at: arguments.operands[1], console: console)
  }

  private static func verify(
    _ info: TorrentInfo, at path: String, console: Console
  ) throws(CommandError) -> ExitCode {
    Interruption.heed()
    let report: VerifyReport
    do throws(StorageError) {
      let storage = try FileStorage.payload(of: info.layout, at: path)
      let verifier = Verifier(info, in: storage, cancellation: Interruption.cancellation)
      var progress = ScanProgress(TransferSnapshot(checking: info), console: console)
      let good: Bitfield
      do throws(StorageError) {
        good = try verifier.run { progress.update($0) }
      } catch {
        _ = progress.end()
        throw error
      }
      let time = progress.end()
      report = try VerifyReport(info, good: good, in: storage, time: time)
    } catch {
      throw CommandError(error)
    }
    report.show(on: console)
    guard report.matches else {
      throw CommandError(
        .dataMismatch, report.verdict, on: path,
        remedy: "fetch what is wrong with 'shoal get', which keeps what is right")
    }
    return .done
  }
}
