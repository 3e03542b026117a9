import CExpat

/// What is told of the elements and the text of an XML document, in their order.
protocol XMLVisitor: AnyObject {
  /// Names are local: what stands before a colon is left out.
  func begin(_ element: String, _ attributes: [String: String]) -> XMLVerdict
  /// Some of the text of the element that was begun last and has not ended.
  func take(_ text: String)
  func end(_ element: String) -> XMLVerdict
}

/// What somebody makes of a part of a document.
enum XMLVerdict {
  case goOn
  /// The rest need not be read.
  case enough
  /// What stands there that should not.
  case wrong(String)
}

/// XML as strangers write it, read by libexpat. A declaration of a document type is refused before
/// anything of it is heeded, so that there are no entities but the five of XML's own: nothing grows
/// and nothing is fetched.
///
/// The invariant: an end closes the element that was begun last, of at most `deepest`.
final class XMLDocument {
  /// Elements in one another.
  private static let deepest = 32
  private static let mostAttributes = 16

  private let parser: OpaquePointer
  private let visitor: any XMLVisitor
  private var depth = 0
  private var verdict = XMLVerdict.goOn
  /// Where the verdict was found that ended it.
  private var position = 0

  /// - Throws: where the document is not well formed, is deeper than anything needs, or the visitor
  ///   finds something wrong.
  /// - Precondition: the document is shorter than 2 GiB.
  static func visit(_ bytes: [UInt8], by visitor: any XMLVisitor) throws(MetalinkError) {
    guard let parser = XML_ParserCreate(nil) else { throw .unusable("no memory to read it") }
    defer { XML_ParserFree(parser) }
    try XMLDocument(parser, visitor).read(bytes)
  }

  private init(_ parser: OpaquePointer, _ visitor: any XMLVisitor) {
    self.parser = parser
    self.visitor = visitor
  }

  private func read(_ bytes: [UInt8]) throws(MetalinkError) {
    XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
    XML_SetElementHandler(
      parser,
      { XMLDocument.of($0)?.begin($1, $2) },
      { data, name in XMLDocument.of(data)?.end(name) })
    XML_SetCharacterDataHandler(parser) { XMLDocument.of($0)?.take($1, $2) }
    XML_SetStartDoctypeDeclHandler(parser) { data, _, _, _, _ in
      XMLDocument.of(data)?.heed(.wrong("a declaration of a document type"))
    }
    let status = bytes.withUnsafeBytes { buffer in
      XML_Parse(
        parser, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count), 1)
    }
    switch verdict {
    case .enough: return
    case .wrong(let what): throw .malformed(what, at: position)
    case .goOn:
      guard status != XML_STATUS_OK else { return }
      let what = XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) }
      throw .malformed(what ?? "no XML", at: max(0, Int(XML_GetCurrentByteIndex(parser))))
    }
  }

  private static func of(_ data: UnsafeMutableRawPointer?) -> XMLDocument? {
    data.map { Unmanaged<XMLDocument>.fromOpaque($0).takeUnretainedValue() }
  }

  // MARK: What the parser tells

  private func begin(
    _ name: UnsafePointer<CChar>?, _ words: UnsafeMutablePointer<UnsafePointer<CChar>?>?
  ) {
    guard case .goOn = verdict, let name, let words else { return }
    depth += 1
    guard depth <= Self.deepest else { return heed(.wrong("elements too deep")) }
    // Names and values in turn, with a null behind the last.
    var attributes: [String: String] = [:]
    var place = 0
    while let key = words[place], let value = words[place + 1] {
      guard place / 2 < Self.mostAttributes else { return heed(.wrong("too many attributes")) }
      attributes[Self.local(key)] = String(cString: value)
      place += 2
    }
    heed(visitor.begin(Self.local(name), attributes))
  }

  private func take(_ text: UnsafePointer<CChar>?, _ length: Int32) {
    guard case .goOn = verdict, let text else { return }
    let bytes = UnsafeRawBufferPointer(start: text, count: Int(length))
    visitor.take(String(decoding: bytes, as: UTF8.self))
  }

  private func end(_ name: UnsafePointer<CChar>?) {
    guard case .goOn = verdict, let name else { return }
    depth -= 1
    heed(visitor.end(Self.local(name)))
  }

  /// Ends the parser where there is reason to; it may tell of the rest of an element all the same.
  private func heed(_ verdict: XMLVerdict) {
    self.verdict = verdict
    if case .goOn = verdict { return }
    position = max(0, Int(XML_GetCurrentByteIndex(parser)))
    XML_StopParser(parser, 0)
  }

  private static func local(_ name: UnsafePointer<CChar>) -> String {
    let name = String(cString: name)
    return name.lastIndex(of: ":").map { String(name[name.index(after: $0)...]) } ?? name
  }
}
