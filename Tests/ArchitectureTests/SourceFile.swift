import Foundation

/// A Swift source with what the rules of the house need to know about it.
struct SourceFile {
  let module: String
  let name: String
  let lines: [Substring]

  /// The lines with comments and the contents of string literals left out, so that prose about a
  /// word is not taken for its use.
  let code: [String]

  init(module: String, name: String, text: String) {
    self.module = module
    self.name = name
    lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var insideComment = 0
    var insideText = false
    code = lines.map { line in
      SourceFile.blank(line, insideComment: &insideComment, insideText: &insideText)
    }
  }

  /// The modules named by the `import` declarations, without submodules.
  var imports: [String] {
    code.compactMap { line in
      var words = line.split(whereSeparator: \.isWhitespace)
      words.removeAll { $0.hasPrefix("@") || SourceFile.accessLevels.contains(String($0)) }
      guard words.first == "import", words.count >= 2 else { return nil }
      let kinds = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
      let path = kinds.contains(String(words[1])) && words.count >= 3 ? words[2] : words[1]
      return path.split(separator: ".").first.map(String.init)
    }
  }

  /// The names of the types the file declares, nested ones included.
  var declaredTypes: [String] {
    let keywords: Set<String> = ["struct", "class", "enum", "protocol", "actor", "typealias"]
    return code.flatMap { line -> [String] in
      let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
      return zip(words, words.dropFirst()).compactMap { word, next in
        keywords.contains(String(word)) && next.first?.isUppercase == true ? String(next) : nil
      }
    }
  }

  private static let accessLevels: Set<String> = [
    "public", "package", "internal", "fileprivate", "private",
  ]

  private static func blank(
    _ line: Substring, insideComment: inout Int, insideText: inout Bool
  ) -> String {
    let mayBlank = insideComment > 0 || insideText || line.contains("/") || line.contains("\"")
    guard mayBlank else { return String(line) }
    var result = ""
    var rest = line
    var insideString = false
    while let character = rest.first {
      if insideComment > 0 {
        if rest.hasPrefix("/*") { insideComment += 1 }
        if rest.hasPrefix("*/") { insideComment -= 1 }
        rest = rest.dropFirst(rest.hasPrefix("/*") || rest.hasPrefix("*/") ? 2 : 1)
      } else if rest.hasPrefix("\"\"\"") && !insideString {
        insideText.toggle()
        rest = rest.dropFirst(3)
      } else if insideText {
        rest = rest.dropFirst()
      } else if insideString {
        if character == "\"" { insideString = false }
        rest = rest.dropFirst(character == "\\" ? 2 : 1)
      } else if character == "\"" {
        insideString = true
        rest = rest.dropFirst()
      } else if rest.hasPrefix("//") {
        break
      } else if rest.hasPrefix("/*") {
        insideComment = 1
        rest = rest.dropFirst(2)
      } else {
        result.append(character)
        rest = rest.dropFirst()
      }
    }
    return result
  }
}

/// The root of the package, found from this file's place in it.
let packageRoot = URL(filePath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// Every Swift source below a folder of the package, in the order of its path.
func allSources(below folder: String = "Sources") throws -> [SourceFile] {
  let root = packageRoot.appending(path: folder)
  let paths = try FileManager.default.subpathsOfDirectory(atPath: root.path).sorted()
  return try paths.filter { $0.hasSuffix(".swift") }.map { path in
    SourceFile(
      module: String(path.prefix { $0 != "/" }),
      name: path,
      text: try String(contentsOf: root.appending(path: path), encoding: .utf8))
  }
}
