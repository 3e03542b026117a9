import Glibc
import TorrentModel

/// Where a command says things: results on standard output, errors on standard error, or all of it
/// as JSON lines on standard output.
struct Console: Sendable {
  enum Detail: Int, Comparable, Sendable {
    case quiet, normal, verbose

    static func < (left: Detail, right: Detail) -> Bool { left.rawValue < right.rawValue }
  }

  let isJSON: Bool
  let detail: Detail
  let output: Terminal
  let errors: Terminal

  init(
    isJSON: Bool, detail: Detail, output: Terminal = Terminal(STDOUT_FILENO),
    errors: Terminal = Terminal(STDERR_FILENO)
  ) {
    self.isJSON = isJSON
    self.detail = detail
    self.output = output
    self.errors = errors
  }

  init(_ arguments: ParsedArguments) throws(CommandError) {
    let choice = try arguments.value(of: GlobalFlags.color) ?? .auto
    let loudness = try arguments.exclusive(GlobalFlags.quiet, GlobalFlags.verbose)
    self.init(
      isJSON: arguments.has(GlobalFlags.json),
      detail: loudness == nil ? .normal : arguments.has(GlobalFlags.quiet) ? .quiet : .verbose,
      output: Terminal(STDOUT_FILENO, color: choice), errors: Terminal(STDERR_FILENO, color: choice)
    )
  }

  /// The same with everything on standard error, where standard output is for data.
  var onErrors: Console {
    Console(isJSON: isJSON, detail: detail, output: errors, errors: errors)
  }

  /// What was asked for: printed however quiet, in JSON mode replaced by events.
  func result(_ line: String) {
    if !isJSON { output.write(line + "\n") }
  }

  /// What is good to know.
  func note(_ line: String) {
    if !isJSON, detail >= .normal { output.write(line + "\n") }
  }

  /// What went wrong and does not end the command: on standard error, in JSON mode as well and
  /// however quiet, because nobody is asked.
  func warn(_ line: String) { errors.write("shoal: " + line + "\n") }

  /// What explains.
  func explain(_ line: String) {
    if !isJSON, detail >= .verbose { output.write(line + "\n") }
  }

  /// One line of JSON mode.
  func event(_ event: @autoclosure () -> JSONValue) {
    if isJSON { output.write(event().text + "\n") }
  }

  /// Reports why the command ends.
  func report(_ error: CommandError) {
    if isJSON {
      output.write(error.event.text + "\n")
    } else {
      errors.write(errors.paint(error.line, .red) + "\n")
    }
  }
}
