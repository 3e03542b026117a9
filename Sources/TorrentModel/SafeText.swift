/// Makes text that others chose safe to print: a name must not move the cursor, recolour the
/// screen, reverse the reading direction or hide part of itself.
///
/// Control characters (C0, DEL, C1), format characters (the bidirectional overrides and isolates,
/// zero-width spaces, tags) and line separators become visible escapes. The two joiners stay, as
/// several scripts cannot be spelt without them. Reading an escape back is not intended: a
/// backslash that was in the text stays as it is.
public enum SafeText {
  public static func visible(_ text: some StringProtocol) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars { append(scalar, to: &result) }
    return result
  }

  /// Bytes that should be UTF-8; those that are not are shown as `\xNN`.
  public static func visible(bytes: some Collection<UInt8>) -> String {
    var result = ""
    var decoder = UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var position = bytes.startIndex
    while true {
      switch decoder.parseScalar(from: &iterator) {
      case .valid(let encoded):
        append(UTF8.decode(encoded), to: &result)
        bytes.formIndex(&position, offsetBy: encoded.count)
      case .error(let length):
        for _ in 0..<length {
          result += "\\x" + hexadecimal(UInt32(bytes[position]), digits: 2)
          bytes.formIndex(after: &position)
        }
      case .emptyInput:
        return result
      }
    }
  }

  /// Whether a scalar is shown as an escape instead of itself.
  public static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value >= 0x20, scalar.value < 0x7f { return false }
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .surrogate: return true
    case .format: return scalar.value != 0x200c && scalar.value != 0x200d
    default: return false
    }
  }

  private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
    guard isHidden(scalar) else {
      text.unicodeScalars.append(scalar)
      return
    }
    switch scalar {
    case "\n": text += "\\n"
    case "\r": text += "\\r"
    case "\t": text += "\\t"
    case _ where scalar.value < 0x80: text += "\\x" + hexadecimal(scalar.value, digits: 2)
    default: text += "\\u{" + hexadecimal(scalar.value, digits: 4) + "}"
    }
  }

  private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
