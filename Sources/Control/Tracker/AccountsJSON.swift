import Accounts
import Bencoding
import Session
import TorrentModel
import TrackerLogic

// What the API tells of members and torrents. The keys are those of the events of `shoal tracker …`.

extension Member {
  /// - Parameter announces: the member's own URLs; empty to keep the key.
  func json(_ announces: [String] = []) -> JSONValue {
    .object([
      ("name", .string(name)), ("number", .integer(Int64(id.number))),
      ("revoked", .bool(isRevoked)),
      ("torrents", .optional(limits.torrents.map(Int64.init))),
      ("addresses", .optional(limits.addresses.map(Int64.init))),
      ("uploaded", .unsigned(uploaded)), ("downloaded", .unsigned(downloaded)),
      ("ratio", ratio.map(JSONValue.decimal) ?? .null), ("movedUp", .unsigned(movedUp)),
      ("movedDown", .unsigned(movedDown)), ("seedTime", .integer(seedTime)),
      ("active", .integer(Int64(activeSessions))),
      ("lastSeen", lastSeen > 0 ? .integer(lastSeen) : .null), ("announce", .strings(announces)),
    ])
  }
}

extension CataloguedTorrent {
  func json(_ monitor: TrackerMonitor) -> JSONValue {
    let counts = monitor.counts(of: listing.infoHash)
    return .object([
      ("name", .string(title)), ("infoHash", .string(listing.infoHash.description)),
      ("size", .unsigned(size)), ("files", .integer(Int64(fileCount))), ("tags", .strings(tags)),
      ("seeders", .integer(Int64(counts.seeders))), ("leechers", .integer(Int64(counts.leechers))),
      ("completed", .integer(Int64(completed))),
      ("uploadPercent", .integer(Int64(listing.terms.uploadPercent))),
      ("downloadPercent", .integer(Int64(listing.terms.downloadPercent))),
      ("movedUp", .unsigned(movedUp)), ("movedDown", .unsigned(movedDown)),
      ("created", .integer(created)),
    ])
  }
}

extension ReportedSignal {
  var json: JSONValue {
    .object([
      ("signal", .string(signal.rawValue)), ("meaning", .string(signal.meaning)),
      ("name", member.isEmpty ? .null : .string(member)), ("title", .string(title)),
      ("infoHash", .string(infoHash.description)), ("count", .integer(Int64(count))),
      ("bytes", .unsigned(amount)), ("lastSeen", .integer(lastSeen)),
    ])
  }
}

extension CataloguedTorrent {
  /// For `shoal search`, which reads bencoding as strictly as it does everywhere.
  func found(_ monitor: TrackerMonitor) -> BencodeValue {
    let counts = monitor.counts(of: listing.infoHash)
    return .dictionary([
      ("downloadPercent", .integer(Int64(listing.terms.downloadPercent))),
      ("infoHash", .string(listing.infoHash.bytes)), ("leechers", .integer(Int64(counts.leechers))),
      ("name", .string(title)), ("seeders", .integer(Int64(counts.seeders))),
      ("size", .integer(Int64(clamping: size))), ("tags", .list(tags.map { .string($0) })),
    ])
  }
}
