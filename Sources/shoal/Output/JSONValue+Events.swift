import TorrentModel

extension JSONValue {
  /// One event: its name and the wall clock's time in seconds since 1970, then its own keys.
  static func event(_ outline: EventOutline, _ pairs: [(String, JSONValue)] = []) -> JSONValue {
    assert(
      pairs.map(\.0) == outline.keys.map(\.name),
      "the event \(outline.name) is documented with other keys")
    return .object(
      [("event", .string(outline.name)), ("time", .decimal(WallClock.now()))] + pairs)
  }
}
