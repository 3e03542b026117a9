import CIDN2

/// Host names in other scripts (IDNA 2008, RFC 5891), by libidn2: people type them as they are read,
/// name servers and HTTP know them in ASCII.
public enum DomainName {
  /// Bytes of UTF-8 of the longest name that is looked at: 63 letters of four bytes in each label.
  private static let longest = 1024

  /// The name in ASCII, which one that is ASCII already is; nil where it stands for no host name.
  public static func ascii(_ name: some StringProtocol) -> String? {
    guard name.utf8.contains(where: { $0 >= 0x80 }) else { return String(name) }
    guard name.utf8.count <= longest, !name.utf8.contains(0) else { return nil }
    var converted: UnsafeMutablePointer<UInt8>?
    // As browsers do it (UTS 46): capital letters are taken for small ones, and ß stays itself.
    let flags = Int32(IDN2_NFC_INPUT.rawValue | IDN2_NONTRANSITIONAL.rawValue)
    let code = String(name).withCString(encodedAs: UTF8.self) {
      idn2_lookup_u8($0, &converted, flags)
    }
    guard code == IDN2_OK.rawValue, let converted else { return nil }
    defer { idn2_free(converted) }
    let ascii = String(cString: converted)
    return ascii.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } ? ascii : nil
  }

  /// A URL with its host in ASCII; nil where that stands for no host name. All else is as it was.
  public static func asciiHost(in url: String) -> String? {
    guard url.utf8.contains(where: { $0 >= 0x80 }), let colon = url.firstIndex(of: ":"),
      url[colon...].hasPrefix("://")
    else { return url }
    let start = url.index(colon, offsetBy: 3)
    let authority = url[start...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    let begin = authority.lastIndex(of: "@").map { authority.index(after: $0) } ?? start
    let host = authority[begin...].prefix { $0 != ":" }
    guard let ascii = ascii(host) else { return nil }
    return String(url[..<begin]) + ascii + url[host.endIndex...]
  }
}
