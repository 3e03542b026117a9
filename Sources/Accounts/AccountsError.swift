import TorrentModel

/// Why the accounts of a tracker could not be read or changed, in one line. Never shows a key.
public struct AccountsError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Cause: Hashable, Sendable {
    /// SQLite's extended result code, and its words.
    case database(code: Int32, String)
    /// The PostgreSQL server's words, or libpq's.
    case server(String)
    /// The file is one of a later version, or no accounts at all.
    case foreignFile
    case notFound(String)
    /// A member of that name is there.
    case nameTaken
    case badName(String)
    /// The torrent cannot be catalogued.
    case badTorrent(String)
    /// The system's `errno`.
    case system(Int32)
    /// A tracker with this data folder runs already.
    case inUse
  }

  /// The member, torrent or file in question; text that others may have chosen.
  public let subject: String
  public let cause: Cause

  public init(_ cause: Cause, on subject: String) {
    self.subject = subject
    self.cause = cause
  }

  /// Whether the caller named something that is not there, or may not be.
  public var isMisuse: Bool {
    switch cause {
    case .notFound, .nameTaken, .badName, .badTorrent: true
    case .database, .server, .foreignFile, .system, .inUse: false
    }
  }

  public var description: String {
    let subject = SafeText.visible(subject.prefix(200))
    return switch cause {
    case .database(let code, let words): "the accounts in \(subject): \(words) (SQLite \(code))"
    case .server(let words): "the accounts at \(subject): \(SafeText.visible(words.prefix(300)))"
    case .foreignFile:
      "\(subject) holds no accounts that this version reads; use the version that made it"
    case .notFound(let what): "there is no \(what) '\(subject)'"
    case .nameTaken: "there is a member '\(subject)' already"
    case .badName(let reason): "'\(subject)' cannot be a member's name: \(reason)"
    case .badTorrent(let reason): "\(subject): \(reason)"
    case .system(let code): "\(subject): \(SystemText.of(code))"
    case .inUse: "a tracker runs with \(subject) already"
    }
  }
}
