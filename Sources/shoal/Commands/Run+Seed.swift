/// Seeds one torrent from what is on disk until it is told to stop.
func runSeed(_ options: SeedOptions, console: Console) throws(CommandError) -> ExitCode {
  throw .usage("'seed' is not built into this binary")
}
