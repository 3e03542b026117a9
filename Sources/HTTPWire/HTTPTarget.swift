import TorrentModel

/// What a request asks for (RFC 9112, section 3.2), in origin form, absolute form or as `*`.
///
/// The invariant: `path` is decoded and names one thing only. An escaped slash, a dot segment or a
/// control character would let two readers disagree about which, so such paths are refused.
public struct HTTPTarget: Sendable {
  /// Begins with a slash; `*` for the asterisk form.
  public let path: [UInt8]
  public let query: HTTPQuery
  /// Host and port of an absolute-form target, which outweigh the Host header.
  public let authority: String?

  /// - Parameter position: where the target begins in the request, for errors.
  init(
    _ raw: ArraySlice<UInt8>, method: String, at position: Int
  ) throws(HTTPError) {
    let malformed = HTTPError(.malformedTarget, at: position)
    guard raw.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") }) else {
      throw malformed
    }
    if raw.elementsEqual("*".utf8) {
      guard method == "OPTIONS" else { throw malformed }
      path = Array(raw)
      query = HTTPQuery(raw: [])
      authority = nil
      return
    }
    var rest = raw
    if rest.first != UInt8(ascii: "/") {
      guard let scheme = ["http://", "https://"].first(where: { rest.hasPrefixIgnoringCase($0) })
      else { throw malformed }
      rest = rest.dropFirst(scheme.utf8.count)
      let end =
        rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
      let host = rest[..<end]
      guard Self.isAuthority(host) else { throw malformed }
      authority = String(decoding: host, as: UTF8.self)
      rest = rest[end...]
    } else {
      authority = nil
    }
    let mark = rest.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
    query = HTTPQuery(raw: rest[min(mark + 1, rest.endIndex)...])
    let rawPath = rest[..<mark]
    path = rawPath.isEmpty ? [UInt8(ascii: "/")] : try Self.decode(rawPath, at: position)
  }

  private static func decode(
    _ raw: ArraySlice<UInt8>, at position: Int
  ) throws(HTTPError) -> [UInt8] {
    guard let path = PercentEncoding.decode(raw) else {
      throw HTTPError(.malformedEscape, at: position)
    }
    let slash = UInt8(ascii: "/")
    let slashes = raw.reduce(0) { $0 + ($1 == slash ? 1 : 0) }
    let segments = path.split(separator: slash, omittingEmptySubsequences: false)
    guard segments.count == slashes + 1, path.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }),
      !segments.contains(where: { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) })
    else { throw HTTPError(.unsafePath, at: position) }
    return path
  }

  /// A host and an optional port: no user, nothing that would end the authority.
  static func isAuthority(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard !bytes.isEmpty, bytes.first != UInt8(ascii: ":") else { return false }
    var port = bytes[bytes.endIndex...]
    if let colon = bytes.lastIndex(of: UInt8(ascii: ":")), bytes.last != UInt8(ascii: "]") {
      port = bytes[(colon + 1)...]
    }
    guard port.count <= 5, port.allSatisfy(\.isDigit) else { return false }
    return bytes.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"),
        UInt8(ascii: "%"), UInt8(ascii: "~"):
        true
      default:
        false
      }
    }
  }
}

extension ArraySlice<UInt8> {
  func hasPrefixIgnoringCase(_ text: String) -> Bool {
    prefix(text.utf8.count).equalsIgnoringCase(text)
  }
}
