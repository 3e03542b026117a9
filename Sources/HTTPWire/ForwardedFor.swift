public import TorrentModel

extension HTTPRequest {
  /// The address that the nearest proxy took the request from: the last hop of `X-Forwarded-For`. Those
  /// before it are the client's own words.
  ///
  /// - Returns: `nil` where there is no such header, or it names no address.
  public var forwardedFor: Address? {
    guard let last = headers.values(of: "x-forwarded-for").last else { return nil }
    let hop = last.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).last
    guard let hop else { return nil }
    return Address(text: String(decoding: hop.trimmingWhitespace(), as: UTF8.self))
  }
}
