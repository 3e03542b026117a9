/// Downloads every source, and tells by its exit code how that went.
func runGet(_ options: GetOptions, console: Console) throws(CommandError) -> ExitCode {
  throw .usage("'get' is not built into this binary")
}
