/// Runs a tracker until it is told to stop.
func runTracker(_ options: TrackerOptions, console: Console) throws(CommandError) -> ExitCode {
  throw .usage("'tracker' is not built into this binary")
}
