import Bencoding
public import HTTPWire
import TorrentModel

extension ScrapeRequest {
  /// Reads the `info_hash` parameters of a query; repeats of one hash count once.
  public init(query: HTTPQuery) throws(TrackerWireError) {
    var infoHashes: [InfoHash] = []
    for pair in query where pair.isNamed("info_hash") {
      guard let bytes = pair.value, let infoHash = InfoHash(bytes: bytes) else {
        throw .malformed("info_hash")
      }
      guard !infoHashes.contains(infoHash) else { continue }
      guard infoHashes.count < TrackerLimits.mostScrapedHashes else { throw .tooManyHashes }
      infoHashes.append(infoHash)
    }
    self.init(infoHashes)
  }

  public var query: String {
    infoHashes.map { "info_hash=" + PercentEncoding.encode($0.bytes) }.joined(separator: "&")
  }
}

extension HTTPTrackerCodec {
  public static func encode(_ reply: ScrapeReply) -> [UInt8] {
    switch reply {
    case .success(let response): BencodeEncoder.encode(.dictionary(response.entries))
    case .failure(let failure): BencodeEncoder.encode(.dictionary(failure.entries))
    }
  }

  public static func decodeScrapeReply(_ body: [UInt8]) throws(TrackerWireError) -> ScrapeReply {
    let value = try decode(body)
    if let failure = try TrackerFailure(value) { return .failure(failure) }
    return .success(try ScrapeResponse(value))
  }
}

extension ScrapeResponse {
  var entries: [(String, BencodeValue)] {
    // Keys are raw bytes here, which text cannot hold. A hash named twice would be a key twice.
    var sorted: [BencodeValue.Entry] = []
    for file in files.sorted(by: { $0.infoHash < $1.infoHash }) {
      let key = ArraySlice(file.infoHash.bytes)
      if sorted.last?.key == key { continue }
      sorted.append(.init(key: key, value: .dictionary(file.statistics.entries)))
    }
    var entries: [(String, BencodeValue)] = [("files", BencodeValue(.dictionary(sorted)))]
    if let minRequestInterval {
      entries.append(
        ("flags", .dictionary([("min_request_interval", .integer(Int64(minRequestInterval)))])))
    }
    return entries
  }

  init(_ value: BencodeValue) throws(TrackerWireError) {
    guard let entries = value["files"]?.entries else { throw .wrongType("files") }
    self.init(files: [])
    for entry in entries {
      guard let infoHash = InfoHash(bytes: entry.key) else { throw .wrongType("files") }
      files.append(File(infoHash, try ScrapeStatistics(entry.value)))
    }
    if let seconds = value["flags"]?["min_request_interval"]?.integer {
      minRequestInterval = TrackerLimits.interval(seconds)
    }
  }
}

extension ScrapeStatistics {
  var entries: [(String, BencodeValue)] {
    var entries: [(String, BencodeValue)] = [
      ("complete", .integer(Int64(complete))), ("downloaded", .integer(Int64(downloaded))),
      ("incomplete", .integer(Int64(incomplete))),
    ]
    if let downloaders { entries.append(("downloaders", .integer(Int64(downloaders)))) }
    return entries
  }

  /// Trackers leave counts out that they do not keep.
  init(_ value: BencodeValue) throws(TrackerWireError) {
    guard value.entries != nil else { throw .wrongType("files") }
    let count = { (key: String) in
      value[key]?.integer.map { Int(min(max($0, 0), Int64(UInt32.max))) }
    }
    self.init(
      complete: count("complete") ?? 0, downloaded: count("downloaded") ?? 0,
      incomplete: count("incomplete") ?? 0, downloaders: count("downloaders"))
  }
}
