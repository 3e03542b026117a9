import TorrentModel

/// Text in HTML, where it must stay text: whoever named a file may have written markup, or
/// characters that reverse what follows.
enum HTMLText {
  /// For element content and quoted attributes alike.
  static func escape(_ text: some StringProtocol) -> String {
    var result = ""
    for character in SafeText.visible(text) {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.append(character)
      }
    }
    return result
  }
}
