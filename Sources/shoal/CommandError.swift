import TorrentModel

/// Why a command ends without having done its work: one line that says what failed, on what, and
/// what to do about it.
struct CommandError: Error, Hashable, Sendable {
  let exitCode: ExitCode
  /// What failed, and why.
  let message: String
  /// The file, link or flag it failed on. May come from the network: shown through `SafeText`.
  let subject: String?
  /// What the person can do.
  let remedy: String?

  init(_ exitCode: ExitCode, _ message: String, on subject: String? = nil, remedy: String? = nil) {
    self.exitCode = exitCode
    self.message = message
    self.subject = subject
    self.remedy = remedy
  }

  static func usage(
    _ message: String, on subject: String? = nil, remedy: String? = nil
  ) -> CommandError {
    CommandError(.usage, message, on: subject, remedy: remedy)
  }

  /// The error in one line, safe to show.
  var line: String { "shoal: " + reason }

  /// The same without the program's name, to stand within another sentence.
  var reason: String {
    var text = ""
    if let subject { text += SafeText.visible(subject.prefix(400)) + ": " }
    text += SafeText.visible(message.prefix(1000))
    if let remedy { text += "; " + SafeText.visible(remedy) }
    return text
  }

  /// The `error` event of JSON mode.
  var event: JSONValue {
    .event(
      .error,
      [
        ("code", .integer(Int64(exitCode.rawValue))),
        ("kind", .string(exitCode.word)),
        ("message", .string(message)),
        ("subject", .optional(subject)),
        ("remedy", .optional(remedy)),
      ])
  }
}
