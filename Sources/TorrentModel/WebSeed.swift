/// A web server that has a torrent's data.
public struct WebSeed: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// It serves the files themselves (BEP 19, `url-list`).
    case files
    /// A program there serves pieces (BEP 17, `httpseeds`).
    case pieces
  }

  public let url: String
  public let kind: Kind

  /// - Returns: nil unless the URL is of http or https.
  public init?(_ url: String, kind: Kind = .files) {
    let scheme = url.prefix { $0 != ":" }.lowercased()
    guard scheme == "http" || scheme == "https", url.contains("://") else { return nil }
    self.url = url
    self.kind = kind
  }

  /// Where a file of the torrent lies. A URL that ends with a slash is the folder that holds what
  /// the torrent names; any other is the file of a single-file torrent itself.
  public func url(ofFile file: Int, in layout: FileLayout) -> String {
    if layout.isSingleFile, !url.hasSuffix("/") { return url }
    let path = layout.pathBelowDownloadFolder(of: file)
      .map { PercentEncoding.encode($0.utf8) }.joined(separator: "/")
    return url.hasSuffix("/") ? url + path : url + "/" + path
  }

  /// Where bytes of a piece are asked for, offsets of the first and last within the piece.
  public func url(
    ofPiece piece: PieceIndex, from first: UInt32, through last: UInt32, infoHash: InfoHash
  ) -> String {
    let mark = url.contains("?") ? "&" : "?"
    return "\(url)\(mark)info_hash=\(PercentEncoding.encode(infoHash.bytes))&piece=\(piece)"
      + "&ranges=\(first)-\(last)"
  }

  /// Scheme and host alone, since a path or a query may hold a member's key.
  public var redacted: String {
    guard let range = url.firstRange(of: "://") else { return url }
    let host = url[range.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    let shown = host.lastIndex(of: "@").map { host[host.index(after: $0)...] } ?? host
    return "\(url[..<range.upperBound])\(shown)"
  }
}

extension String {
  fileprivate func firstRange(of text: String) -> Range<Index>? {
    for start in indices where self[start...].hasPrefix(text) {
      return start..<index(start, offsetBy: text.count)
    }
    return nil
  }
}
