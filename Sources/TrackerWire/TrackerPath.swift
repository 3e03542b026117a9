/// What a client asks a tracker for, by the path of its URL: `/announce`, `/scrape`, or either below
/// the key of a member, `/KEY/announce`. The path of a HTTP request, or the URL data of a datagram
/// (BEP 41).
public struct TrackerPath: Sendable {
  public enum Service: Hashable, Sendable {
    case announce
    case scrape
  }

  public let service: Service
  /// The digits of the key; `nil` where the path names none.
  public let key: ArraySlice<UInt8>?

  /// `/announce`, which names no key.
  public static let announce = TrackerPath(service: .announce, key: nil)

  private init(service: Service, key: ArraySlice<UInt8>?) {
    self.service = service
    self.key = key
  }

  /// `nil` for any other path.
  ///
  /// - Parameter path: decoded, or with a query behind it, which is passed over.
  public init?(_ path: ArraySlice<UInt8>) {
    let end = path.firstIndex(of: UInt8(ascii: "?")) ?? path.endIndex
    let path = path[..<end]
    guard path.first == UInt8(ascii: "/"), let slash = path.lastIndex(of: UInt8(ascii: "/"))
    else { return nil }
    let last = path[(slash + 1)...]
    if last.elementsEqual("announce".utf8) {
      service = .announce
    } else if last.elementsEqual("scrape".utf8) {
      service = .scrape
    } else {
      return nil
    }
    if slash == path.startIndex {
      key = nil
    } else {
      let digits = path[(path.startIndex + 1)..<slash]
      guard !digits.isEmpty, !digits.contains(UInt8(ascii: "/")) else { return nil }
      key = digits
    }
  }
}
