/// How much room text takes on a screen of fixed columns.
enum TextColumns {
  /// Columns of a text: none for a mark that combines, two for a wide East Asian character or a
  /// pictograph, one for anything else.
  static func count(_ text: some StringProtocol) -> Int {
    text.unicodeScalars.reduce(0) { $0 + columns(of: $1) }
  }

  /// The text when it fits, or as much of its beginning as does, and an ellipsis.
  static func fit(_ text: String, in width: Int) -> String {
    guard count(text) > width else { return text }
    var result = ""
    var room = width - 1
    for scalar in text.unicodeScalars {
      room -= columns(of: scalar)
      guard room >= 0 else { break }
      result.unicodeScalars.append(scalar)
    }
    return width > 0 ? result + "…" : ""
  }

  /// The text with spaces behind it up to a width.
  static func pad(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - count(text)))
  }

  /// The text with spaces before it up to a width.
  static func padLeft(_ text: String, to width: Int) -> String {
    String(repeating: " ", count: max(0, width - count(text))) + text
  }

  /// Never less than a terminal takes, as far as terminals agree: a line counted too wide is cut
  /// early, one counted too narrow wraps and is redrawn in the wrong place.
  private static func columns(of scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    // Asks for the pictograph before it to be drawn as one, two columns wide.
    if scalar.value == 0xfe0f { return 1 }
    if scalar.properties.isEmojiPresentation { return 2 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115f, 0x2e80...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
      0xff00...0xff60, 0xffe0...0xffe6, 0x16fe0...0x18cff, 0x1af00...0x1b2ff, 0x1f000...0x1faff,
      0x20000...0x3fffd:
      return 2
    default: return 1
    }
  }
}
