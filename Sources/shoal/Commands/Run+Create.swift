import Storage
import TorrentModel

/// Hashes a file or a folder and writes its metainfo.
func runCreate(_ options: CreateOptions, console: Console) throws(CommandError) -> ExitCode {
  Interruption.heed()
  let torrent = try CreatedTorrent(
    options.path, options.creation, output: options.output, console: console)
  console.event(torrent.event)
  console.result(
    "created \(SafeText.visible(torrent.file)): "
      + "\(Format.size(torrent.content.layout.totalLength)) in "
      + Format.count(torrent.content.geometry.pieceCount, "piece")
      + " of \(Format.size(UInt64(torrent.content.geometry.pieceLength)))")
  for name in torrent.magnet.hashNames { console.note("info-hash \(name)") }
  return .done
}
