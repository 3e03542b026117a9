/// Publishes paths and seeds them until it is told to stop.
func runShare(_ options: ShareOptions, console: Console) throws(CommandError) -> ExitCode {
  throw .usage("'share' is not built into this binary")
}
