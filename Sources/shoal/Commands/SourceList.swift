import TorrentModel

/// What is to be fetched, and the label it is put under.
struct WantedSource: Sendable {
  var source: Source
  var label: String?
}

/// A file of sources, one a line. `#` begins a line for people, and `[NAME]` puts the sources behind
/// it under a label.
enum SourceList {
  /// - Parameters:
  ///   - path: `-` is standard input.
  ///   - label: of sources that stand before any heading.
  /// - Throws: for a line that names no source, with its number.
  static func read(_ path: String, label: String?) throws(CommandError) -> [WantedSource] {
    let bytes = try FileContents.read(path)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .usage("the list of sources is not UTF-8", on: path)
    }
    return try parse(text, on: path, label: label)
  }

  static func parse(
    _ text: String, on path: String, label: String?
  ) throws(CommandError) -> [WantedSource] {
    var wanted: [WantedSource] = []
    var label = label
    var number = 0
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      number += 1
      let words = trim(line)
      if words.isEmpty || words.first == "#" { continue }
      if words.first == "[", words.last == "]" {
        guard let name = ValueKind.label.read(String(words.dropFirst().dropLast())) else {
          throw .usage("a heading wants \(ValueKind.label.expected)", on: "\(path), line \(number)")
        }
        label = name
        continue
      }
      do throws(CommandError) {
        wanted.append(WantedSource(source: try Source(parsing: String(words)), label: label))
      } catch {
        throw CommandError(error.exitCode, "line \(number): \(error.reason)", on: path)
      }
    }
    return wanted
  }

  private static func trim(_ text: Substring) -> Substring {
    var text = text.drop { $0 == " " || $0 == "\t" || $0 == "\r" }
    while let last = text.last, last == " " || last == "\t" || last == "\r" { text.removeLast() }
    return text
  }
}
