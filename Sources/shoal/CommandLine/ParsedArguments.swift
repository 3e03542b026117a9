/// A command line taken apart: the operands, and the flags in the order they were given.
struct ParsedArguments: Sendable {
  struct Occurrence: Sendable {
    let name: String
    let value: String?
  }

  var operands: [String] = []
  var occurrences: [Occurrence] = []

  func has(_ flag: Switch) -> Bool { occurrences.contains { $0.name == flag.outline.name } }

  /// The value of a flag; the last counts where it is given more than once.
  func value<Value>(of flag: Flag<Value>) throws(CommandError) -> Value? {
    try values(of: flag).last
  }

  /// The values of a repeatable flag, in order.
  func values<Value>(of flag: Flag<Value>) throws(CommandError) -> [Value] {
    var values: [Value] = []
    for occurrence in occurrences where occurrence.name == flag.outline.name {
      guard let text = occurrence.value, let value = flag.kind.read(text) else {
        throw .usage(
          "--\(flag.outline.name) wants \(flag.kind.expected), not '\(occurrence.value ?? "")'")
      }
      values.append(value)
    }
    return values
  }

  /// Refuses two switches that exclude each other; says which of them, if any, is given.
  func exclusive(_ switches: Switch...) throws(CommandError) -> Switch? {
    let given = switches.filter(has)
    guard given.count <= 1 else {
      let names = given.map { "--" + $0.outline.name }
      throw .usage("\(names.joined(separator: " and ")) exclude each other", remedy: "give one")
    }
    return given.first
  }
}
