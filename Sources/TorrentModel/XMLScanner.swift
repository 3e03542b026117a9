/// The tags and the text of an XML document, one after the other, for the small documents that
/// describe downloads. No declaration of a document type is read, so that there are no entities but
/// the five of XML's own and nothing is fetched or grows.
///
/// The invariant: every end tag closes the element that was begun last, of at most `deepest`.
struct XMLScanner {
  enum Token: Equatable {
    /// Names are local: what stands before a colon is left out.
    case start(String, attributes: [String: String])
    case end(String)
    case text(String)
  }

  private let bytes: [UInt8]
  private(set) var position = 0
  private var open: [String] = []
  /// The end of an element that had no content.
  private var pendingEnd: String?

  /// Elements in one another.
  private static let deepest = 32
  private static let mostAttributes = 16

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    // A mark of the byte order, which UTF-8 does not need.
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
  }

  /// - Returns: nil at the end of the document.
  /// - Throws: where it is not well formed, or deeper than anything needs.
  mutating func next() throws(MetalinkError) -> Token? {
    if let name = pendingEnd {
      pendingEnd = nil
      return .end(name)
    }
    while position < bytes.count {
      guard bytes[position] == UInt8(ascii: "<") else {
        let text = try text(until: UInt8(ascii: "<"))
        return .text(text)
      }
      if skips("<?") {
        try pass("?>")
      } else if skips("<!--") {
        try pass("-->")
      } else if skips("<![CDATA[") {
        let start = position
        try pass("]]>")
        return .text(String(decoding: bytes[start..<position - 3], as: UTF8.self))
      } else if skips("<!") {
        throw error("a declaration of a document type")
      } else if skips("</") {
        let name = try name()
        passSpace()
        guard skips(">"), open.popLast() == name else { throw error("an end tag out of place") }
        return .end(name)
      } else {
        position += 1
        return try startTag()
      }
    }
    guard open.isEmpty else { throw error("the end before the end of an element") }
    return nil
  }

  private mutating func startTag() throws(MetalinkError) -> Token {
    let name = try name()
    var attributes: [String: String] = [:]
    while true {
      passSpace()
      if skips("/>") {
        pendingEnd = name
        break
      }
      if skips(">") {
        guard open.count < Self.deepest else { throw error("elements too deep") }
        open.append(name)
        break
      }
      guard attributes.count < Self.mostAttributes else { throw error("too many attributes") }
      let key = try self.name()
      passSpace()
      guard skips("=") else { throw error("an attribute without a value") }
      passSpace()
      guard position < bytes.count,
        bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "'")
      else { throw error("a value without quotes") }
      let quote = bytes[position]
      position += 1
      attributes[key] = try text(until: quote)
      guard position < bytes.count else { throw error("a value without an end") }
      position += 1
    }
    return .start(name, attributes: attributes)
  }

  private mutating func name() throws(MetalinkError) -> String {
    let start = position
    while position < bytes.count, Self.isPartOfName(bytes[position]) { position += 1 }
    guard position > start else { throw error("something else than a name") }
    let name = bytes[start..<position]
    let local = name.lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] } ?? name
    return String(decoding: local, as: UTF8.self)
  }

  private static func isPartOfName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
      UInt8(ascii: "."), UInt8(ascii: ":"), 0x80...:
      true
    default: false
    }
  }

  /// Text up to a byte, which is left, or to the end; its entities are what they stand for.
  private mutating func text(until end: UInt8) throws(MetalinkError) -> String {
    var text: [UInt8] = []
    while position < bytes.count, bytes[position] != end {
      guard bytes[position] == UInt8(ascii: "&") else {
        text.append(bytes[position])
        position += 1
        continue
      }
      let rest = bytes[(position + 1)...].prefix(10)
      guard let semicolon = rest.firstIndex(of: UInt8(ascii: ";")),
        let scalar = Self.scalar(String(decoding: rest[..<semicolon], as: UTF8.self))
      else { throw error("an unknown entity") }
      text.append(contentsOf: String(scalar).utf8)
      position = semicolon + 1
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func scalar(_ entity: String) -> Unicode.Scalar? {
    switch entity {
    case "amp": "&"
    case "lt": "<"
    case "gt": ">"
    case "quot": "\""
    case "apos": "'"
    case _ where entity.hasPrefix("#x"):
      UInt32(entity.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init)
    case _ where entity.hasPrefix("#"): UInt32(entity.dropFirst()).flatMap(Unicode.Scalar.init)
    default: nil
    }
  }

  private mutating func skips(_ text: StaticString) -> Bool {
    let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    guard bytes[position...].starts(with: wanted) else { return false }
    position += wanted.count
    return true
  }

  /// Goes behind the next place where a text stands.
  private mutating func pass(_ text: StaticString) throws(MetalinkError) {
    while position < bytes.count {
      if skips(text) { return }
      position += 1
    }
    throw error("no '\(text)'")
  }

  private mutating func passSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) {
      position += 1
    }
  }

  private func error(_ what: String) -> MetalinkError { .malformed(what, at: position) }
}
