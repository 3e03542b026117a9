import Storage
import TorrentModel

/// A file of flags: `key = value` on a line for `--key value`, `yes` or `no` for a switch, `#` before
/// what is for people. A key that is no flag of the verb is an error, so that a slip is found and not
/// passed over.
enum ConfigurationFile {
  /// Bytes; nobody writes a longer one by hand.
  private static let longest = 256 << 10

  /// What the file says, as if it stood on the command line.
  ///
  /// - Parameter flags: those that may stand in it.
  static func read(
    _ path: String, flags: [FlagOutline]
  ) throws(CommandError) -> [ParsedArguments.Occurrence] {
    let bytes: [UInt8]?
    do {
      bytes = try WholeFile.read(at: path, atMost: longest)
    } catch {
      throw CommandError(error)
    }
    guard let bytes else {
      throw .usage("there is no such configuration file", on: path, remedy: "check the path")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .usage("the configuration is not UTF-8", on: path)
    }
    return try parse(text, on: path, flags: flags)
  }

  static func parse(
    _ text: String, on path: String, flags: [FlagOutline]
  ) throws(CommandError) -> [ParsedArguments.Occurrence] {
    var occurrences: [ParsedArguments.Occurrence] = []
    var number = 0
    // A carriage return and a line feed are one character.
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      number += 1
      let content = trim(line)
      if content.isEmpty || content.first == "#" { continue }
      if let occurrence = try read(content, "\(path), line \(number)", flags) {
        occurrences.append(occurrence)
      }
    }
    return occurrences
  }

  private static func read(
    _ line: Substring, _ place: String, _ flags: [FlagOutline]
  ) throws(CommandError) -> ParsedArguments.Occurrence? {
    guard let equals = line.firstIndex(of: "=") else {
      throw .usage("a line wants 'key = value'", on: place)
    }
    let key = String(trim(line[..<equals]))
    let value = String(trim(line[line.index(after: equals)...]))
    guard let flag = flags.first(where: { $0.name == key }) else {
      let near = EditDistance.nearest(to: key, among: flags.map(\.name))
      throw .usage(
        "unknown key '\(key)'", on: place,
        remedy: near.map { "did you mean '\($0)'?" } ?? "the keys are the flags of the verb")
    }
    guard flag.placeholder == nil else { return .init(name: key, value: value) }
    switch value {
    case "yes": return .init(name: key, value: nil)
    case "no": return nil
    default: throw .usage("'\(key)' wants yes or no, not '\(value)'", on: place)
    }
  }

  private static func trim(_ text: Substring) -> Substring {
    var text = text.drop { $0 == " " || $0 == "\t" || $0 == "\r" }
    while let last = text.last, last == " " || last == "\t" || last == "\r" { text.removeLast() }
    return text
  }
}
