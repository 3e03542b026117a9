import Hashing
import TorrentModel

/// The parameters of an announce by HTTP, read from its query in one pass.
struct AnnounceParameters {
  var infoHash: InfoHash?
  var peerID: PeerID?
  var port: UInt16?
  var uploaded: UInt64?
  var downloaded: UInt64?
  var left: UInt64?
  var event: AnnounceEvent?
  var numWant: Int?
  var key: UInt32?
  var address: Address?
  var trackerID: [UInt8]?
  var compact: Bool?
  var noPeerID: Bool?
  /// A bit for each name.
  private var seen: UInt16 = 0

  init(_ query: RawSpan) throws(TrackerWireError) {
    var position = 0
    while position < query.byteCount {
      let start = position
      var equals: Int?
      while position < query.byteCount {
        let byte = query.byte(at: position)
        if byte == UInt8(ascii: "&") { break }
        if equals == nil, byte == UInt8(ascii: "=") { equals = position }
        position += 1
      }
      let end = position
      position += 1
      if let name = ParameterName(query, start..<(equals ?? end)) {
        // A bare name has the empty value, as one before an equals sign has.
        try take(name, ParameterValue(name, equals.map { $0 + 1..<end } ?? end..<end), query)
      }
    }
  }

  private mutating func take(
    _ name: ParameterName, _ value: ParameterValue, _ query: RawSpan
  ) throws(TrackerWireError) {
    let bit: UInt16 = 1 << name.rawValue
    guard seen & bit == 0 else { throw .repeated("\(name.text)") }
    seen |= bit
    switch name {
    case .infoHash: infoHash = InfoHash(try value.bytes20(in: query))
    case .peerID: peerID = PeerID(try value.bytes20(in: query))
    case .port: port = UInt16(exactly: try value.number(in: query))
    case .uploaded: uploaded = try value.number(in: query)
    case .downloaded: downloaded = try value.number(in: query)
    case .left: left = try value.left(in: query)
    case .event: event = try value.event(in: query)
    case .numWant: numWant = try value.signed(in: query)
    case .key: key = try value.key(in: query)
    case .address:
      address = Address(text: String(decoding: try value.bytes(in: query), as: UTF8.self))
    case .trackerID: trackerID = try value.text(in: query)
    case .compact: compact = try value.flag(in: query)
    case .noPeerID: noPeerID = try value.flag(in: query)
    }
    if name == .port, port == nil { throw value.malformed }
  }
}

private enum ParameterName: UInt16, CaseIterable {
  case infoHash
  case peerID
  case port
  case uploaded
  case downloaded
  case left
  case event
  case numWant
  case key
  case address
  case trackerID
  case compact
  case noPeerID

  var text: StaticString {
    switch self {
    case .infoHash: "info_hash"
    case .peerID: "peer_id"
    case .port: "port"
    case .uploaded: "uploaded"
    case .downloaded: "downloaded"
    case .left: "left"
    case .event: "event"
    case .numWant: "numwant"
    case .key: "key"
    case .address: "ip"
    case .trackerID: "trackerid"
    case .compact: "compact"
    case .noPeerID: "no_peer_id"
    }
  }

  /// `nil` for one that nobody here knows. No two known names have both length and first letter in
  /// common.
  init?(_ query: RawSpan, _ range: Range<Int>) {
    guard let first = range.first.map({ query.byte(at: $0) }) else { return nil }
    let candidate: Self
    switch (range.count, first) {
    case (9, UInt8(ascii: "i")): candidate = .infoHash
    case (7, UInt8(ascii: "p")): candidate = .peerID
    case (4, UInt8(ascii: "p")): candidate = .port
    case (8, UInt8(ascii: "u")): candidate = .uploaded
    case (10, UInt8(ascii: "d")): candidate = .downloaded
    case (4, UInt8(ascii: "l")): candidate = .left
    case (5, UInt8(ascii: "e")): candidate = .event
    case (7, UInt8(ascii: "n")): candidate = .numWant
    case (3, UInt8(ascii: "k")): candidate = .key
    case (2, UInt8(ascii: "i")): candidate = .address
    case (9, UInt8(ascii: "t")): candidate = .trackerID
    case (7, UInt8(ascii: "c")): candidate = .compact
    case (10, UInt8(ascii: "n")): candidate = .noPeerID
    default: return nil
    }
    for offset in 0..<range.count
    where query.byte(at: range.lowerBound + offset) != candidate.text.utf8Start[offset] {
      return nil
    }
    self = candidate
  }
}

/// A value, still escaped, and whose it is.
private struct ParameterValue {
  let name: ParameterName
  let range: Range<Int>

  init(_ name: ParameterName, _ range: Range<Int>) {
    self.name = name
    self.range = range
  }

  var malformed: TrackerWireError { .malformed("\(name.text)") }

  /// Hands the bytes spelt to `take`, which returns whether they are right so far.
  @inline(__always)
  private func read(
    _ query: RawSpan, _ take: (UInt8) -> Bool
  ) throws(TrackerWireError) {
    var decoder = PercentDecoder(range)
    while let byte = decoder.next(in: query, plusIsSpace: true) {
      guard take(byte) else { throw malformed }
    }
    guard !decoder.isBroken else { throw malformed }
  }

  func bytes(in query: RawSpan) throws(TrackerWireError) -> [UInt8] {
    var bytes: [UInt8] = []
    try read(query) {
      bytes.append($0)
      return true
    }
    return bytes
  }

  func bytes20(in query: RawSpan) throws(TrackerWireError) -> Bytes20 {
    var bytes = InlineArray<20, UInt8>(repeating: 0)
    var count = 0
    try read(query) { byte in
      guard count < 20 else { return false }
      bytes[count] = byte
      count += 1
      return true
    }
    guard count == 20 else { throw malformed }
    return Bytes20(bytes.span.bytes, at: 0)
  }

  /// Decimal digits, of a number that fits.
  func number(in query: RawSpan) throws(TrackerWireError) -> UInt64 {
    var number: UInt64 = 0
    var isEmpty = true
    try read(query) { byte in
      guard let digit = byte.digit else { return false }
      isEmpty = false
      return number.append(digit)
    }
    guard !isEmpty else { throw malformed }
    return number
  }

  /// Some clients say -1 while they do not know, which over UDP is the same number.
  func left(in query: RawSpan) throws(TrackerWireError) -> UInt64 {
    do {
      return try number(in: query)
    } catch {
      guard try bytes(in: query).elementsEqual("-1".utf8) else { throw error }
      return AnnounceRequest.unknownLeft
    }
  }

  /// A sign and digits; more than fits is as much as fits, and below zero is -1.
  func signed(in query: RawSpan) throws(TrackerWireError) -> Int {
    var number: UInt64 = 0
    var (isNegative, isFirst, isEmpty) = (false, true, true)
    try read(query) { byte in
      defer { isFirst = false }
      if isFirst, byte == UInt8(ascii: "-") {
        isNegative = true
        return true
      }
      guard let digit = byte.digit else { return false }
      isEmpty = false
      if !number.append(digit) { number = .max }
      return true
    }
    guard !isEmpty else { throw malformed }
    return isNegative ? -1 : Int(clamping: number)
  }

  func event(in query: RawSpan) throws(TrackerWireError) -> AnnounceEvent? {
    let bytes = try bytes(in: query)
    // BEP 3 names `empty` for "no event", and some send the parameter without a value.
    if bytes.isEmpty || bytes.elementsEqual("empty".utf8) { return nil }
    guard let event = AnnounceEvent(name: bytes) else { throw malformed }
    return event
  }

  /// Anything but nothing and `0`.
  func flag(in query: RawSpan) throws(TrackerWireError) -> Bool {
    var count = 0
    var isZero = false
    try read(query) { byte in
      isZero = count == 0 && byte == UInt8(ascii: "0")
      count += 1
      return true
    }
    return count > 0 && !isZero
  }

  func text(in query: RawSpan) throws(TrackerWireError) -> [UInt8] {
    let bytes = try bytes(in: query)
    guard bytes.count <= TrackerLimits.longestText else { throw malformed }
    return bytes
  }

  /// Clients write the key as up to eight hexadecimal digits; of any other text a hash is taken
  /// (FNV-1a), because only sameness counts.
  func key(in query: RawSpan) throws(TrackerWireError) -> UInt32? {
    var word: UInt32 = 0
    var hash: UInt32 = 0x811c_9dc5
    var count = 0
    var isHexadecimal = true
    try read(query) { byte in
      if let digit = Hexadecimal.value(of: byte) {
        word = word << 4 | UInt32(digit)
      } else {
        isHexadecimal = false
      }
      hash = (hash ^ UInt32(byte)) &* 0x0100_0193
      count += 1
      return true
    }
    if count == 0 { return nil }
    return isHexadecimal && count <= 8 ? word : hash
  }
}

extension UInt8 {
  fileprivate var digit: UInt8? {
    self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") ? self - UInt8(ascii: "0") : nil
  }
}

extension UInt64 {
  /// Whether there was room for one more digit.
  fileprivate mutating func append(_ digit: UInt8) -> Bool {
    let (tenfold, isTooMuch) = multipliedReportingOverflow(by: 10)
    let (sum, isOver) = tenfold.addingReportingOverflow(UInt64(digit))
    guard !isTooMuch, !isOver else { return false }
    self = sum
    return true
  }
}
