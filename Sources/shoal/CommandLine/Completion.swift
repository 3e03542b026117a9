/// What a shell offers where a word is being typed.
enum Completion: Hashable, Sendable {
  /// Anything may stand there, and nothing can be guessed.
  case nothing
  case files
  case torrentFiles
  case folders
  /// One of these.
  case words([String])
  /// The name of a verb.
  case verbs
}
