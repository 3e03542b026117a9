/// Bytes as people read them, in binary units. Rounds down, so that nothing looks finished before
/// it is.
public enum SizeText {
  private static let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

  /// `0 B`, `1023 B`, `1.0 KiB`, `16 MiB`, `1.4 GiB`: one decimal below ten.
  public static func of(_ bytes: UInt64) -> String {
    var unit = 0
    var whole = bytes
    var rest: UInt64 = 0
    while whole >= 1024 {
      rest = whole % 1024
      whole /= 1024
      unit += 1
    }
    guard unit > 0, whole < 10 else { return "\(whole) \(units[unit])" }
    return "\(whole).\(rest * 10 / 1024) \(units[unit])"
  }
}
