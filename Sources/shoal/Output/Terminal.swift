import Glibc

/// A file descriptor that a person may be looking at.
struct Terminal: Sendable {
  enum Style: String, Sendable {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case cyan = "36"
  }

  let descriptor: Int32
  /// Whether lines can be redrawn in place.
  var isInteractive: Bool
  let hasColor: Bool

  /// - Parameter color: `auto` colours terminals that can, unless NO_COLOR is set and not empty
  ///   (no-color.org).
  init(_ descriptor: Int32, color: ColorChoice = .auto) {
    self.descriptor = descriptor
    let isDumb = Self.environment("TERM").map { $0 == "dumb" } ?? true
    isInteractive = isatty(descriptor) == 1 && !isDumb
    switch color {
    case .always: hasColor = true
    case .never: hasColor = false
    case .auto: hasColor = isInteractive && Self.environment("NO_COLOR")?.isEmpty ?? true
    }
  }

  private static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  /// Columns of the screen as it is now; 80 where there is none.
  var width: Int { screen.ws_col > 0 ? Int(screen.ws_col) : 80 }

  /// Lines of the screen as it is now; 24 where there is none.
  var height: Int { screen.ws_row > 0 ? Int(screen.ws_row) : 24 }

  private var screen: winsize {
    var size = winsize()
    return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 ? size : winsize()
  }

  func paint(_ text: String, _ style: Style) -> String {
    hasColor ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
  }

  /// Writes all of it. What nobody reads any more (a closed pipe, a terminal that went away) is
  /// dropped: the exit code still tells how the command ended.
  func write(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { return }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
      }
    }
  }
}
