/// The `.torrent` file behind an http or https URL.
func fetchMetainfo(_ url: String) throws(CommandError) -> [UInt8] {
  throw .usage(
    "fetching by URL is not built into this binary", on: url,
    remedy: "download the file and give its path")
}
