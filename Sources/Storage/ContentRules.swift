/// What of a folder goes into a torrent.
public struct ContentRules: Sendable {
  /// What becomes of symbolic links below the folder.
  public enum Links: String, Hashable, CaseIterable, Sendable {
    /// They stay behind.
    case skip
    /// What they lead to is shared in their place, wherever it is.
    case follow
    /// They are links in the torrent, too (BEP 47), where they lead to something in it.
    case keep
  }

  public var links = Links.skip
  /// Whether what has a name that begins with a dot is shared.
  public var takesHidden = true
  /// Whether a path below the folder stays behind; with a folder, all that is in it does.
  public var excludes: (@Sendable (String) -> Bool)?

  public init() {}

  func reasonToSkip(_ path: [String]) -> SkippedItem.Reason? {
    if !takesHidden, path.last?.hasPrefix(".") == true { return .hidden }
    if let excludes, excludes(path.joined(separator: "/")) { return .excluded }
    return nil
  }
}

/// Something beneath a shared folder that stays behind.
public struct SkippedItem: Hashable, Sendable {
  public enum Reason: Hashable, Sendable {
    case symbolicLink, specialFile, emptyFolder
    /// A link that is followed and leads nowhere.
    case deadLink
    /// A link that is followed and leads to a folder that it lies in.
    case loop
    /// A link that is kept and leads to nothing in the torrent, or to it through another link.
    case leadsOut
    /// The rules leave it out.
    case hidden, excluded

    /// Whether somebody has asked for it to be left out.
    public var isWanted: Bool { self == .hidden || self == .excluded }
  }

  /// Below the shared folder.
  public let path: String
  public let reason: Reason
}
