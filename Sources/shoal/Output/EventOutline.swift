import TorrentModel

/// An event of `--json` mode, as it is documented: its name and its keys.
///
/// The invariant: an event is written with exactly the keys of its outline, in their order, behind
/// `event` and `time`; `JSONValue.event` sees to it. `EventTable.swift` holds them all.
struct EventOutline: Sendable {
  struct Key: Sendable {
    let name: String
    /// What the value says, with its unit.
    let meaning: String

    init(_ name: String, _ meaning: String) {
      self.name = name
      self.meaning = meaning
    }
  }

  let name: String
  let meaning: String
  /// Besides `event` and `time`.
  let keys: [Key]

  init(_ name: String, _ meaning: String, _ keys: [Key] = []) {
    self.name = name
    self.meaning = meaning
    self.keys = keys
  }

  /// What every event has.
  static let commonKeys = [
    Key("event", "the name of the event"),
    Key("time", "seconds since 1970, to the millisecond"),
  ]

  /// As a help page for programs has it.
  var json: JSONValue {
    .object([
      ("event", .string(name)),
      ("meaning", .string(meaning)),
      ("keys", Self.names(of: Self.commonKeys + keys)),
      ("meanings", Self.meanings(of: Self.commonKeys + keys)),
    ])
  }

  static func names(of keys: [Key]) -> JSONValue { .strings(keys.map(\.name)) }

  static func meanings(of keys: [Key]) -> JSONValue {
    .object(keys.map { ($0.name, .string($0.meaning)) })
  }
}
