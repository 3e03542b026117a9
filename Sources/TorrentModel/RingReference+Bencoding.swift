import Bencoding

// The `ring` dictionary of a `.torrent` file, outside the info dictionary: `name`, and `nodes`, a
// list of pairs of host and port as BEP 5 has its `nodes`.
extension RingReference {
  /// - Returns: nil for what names no ring; nodes that cannot be read are passed over.
  init?(_ value: BencodeValue?) {
    guard let text = value?["name"]?.text, let name = RingName(text: text) else { return nil }
    var nodes: [MagnetLink.PeerHint] = []
    for item in (value?["nodes"]?.list ?? []).prefix(Self.mostNodes) {
      guard let pair = item.list, pair.count == 2, let host = pair[0].text,
        let port = pair[1].integer, let port = UInt16(exactly: port)
      else { continue }
      // Read like a text, so that a host is what a link could name.
      let spelled = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
      if let hint = MagnetLink.PeerHint(parsing: spelled) { nodes.append(hint) }
    }
    self.init(name, nodes: nodes)
  }

  var value: BencodeValue {
    let list = nodes.map {
      BencodeValue.list([.string($0.host), .integer(Int64($0.port))])
    }
    return .dictionary([("name", .string(name.description)), ("nodes", .list(list))])
  }
}
