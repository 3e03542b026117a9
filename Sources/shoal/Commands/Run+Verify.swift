import Storage
import TorrentModel

/// Tells what of the data is wrong, and fetches that where it is wanted.
func runVerify(
  _ options: VerifyOptions, _ info: TorrentInfo, console: Console
) throws(CommandError) -> ExitCode {
  if options.repair == nil { Interruption.heed() }
  let (report, good) = try check(info, at: options.path, console: console)
  report.show(on: console)
  if report.matches { return .done }
  guard var repair = options.repair else {
    throw CommandError(
      .dataMismatch, report.verdict, on: options.path,
      remedy: "fetch what is wrong with --repair, which keeps what is right")
  }
  do throws(StorageError) {
    let storage = try FileStorage.payload(
      of: info.layout, at: options.path, access: .readWrite())
    // No piece of theirs may be wrong, so that nothing else would cut them.
    for (index, file) in info.layout.files.enumerated() {
      guard let length = try storage.lengthOnDisk(of: index), length > file.length else { continue }
      try storage.settleLength(of: index)
    }
    repair.repair = GetOptions.Repair(storage: storage, good: good)
  } catch {
    throw CommandError(error)
  }
  return try runGet(repair, console: console)
}

private func check(
  _ info: TorrentInfo, at path: String, console: Console
) throws(CommandError) -> (VerifyReport, good: Bitfield) {
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
    return (try VerifyReport(info, good: good, in: storage, time: time), good)
  } catch {
    throw CommandError(error)
  }
}
