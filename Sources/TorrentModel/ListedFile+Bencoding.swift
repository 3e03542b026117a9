import Bencoding

// What both versions say of a file in the same words (BEP 47).
extension ListedFile {
  /// A file as `files` of version 1 or a file tree of version 2 describes it.
  ///
  /// - Throws: where a link leads out of the torrent, or a file has no length.
  init(_ item: BencodeValue, path: [String]) throws(MetainfoError) {
    let letters = item["attr"]?.string ?? []
    var attributes: FileAttributes = []
    if letters.contains(UInt8(ascii: "x")) { attributes.insert(.executable) }
    if letters.contains(UInt8(ascii: "h")) { attributes.insert(.hidden) }
    let isLink = letters.contains(UInt8(ascii: "l"))
    let target = try isLink ? Self.target(of: item, path: path) : nil
    let length = try isLink ? 0 : Self.length(of: item)
    self.init(
      path: path, length: length, attributes: attributes, linkTarget: target,
      isPadding: Self.isPadding(item))
    // Whoever counted a link's bytes has another piece space than whoever did not.
    guard !isLink || item["length"].map({ $0.integer == 0 }) ?? true else {
      throw .badLink(path.joined(separator: "/"))
    }
  }

  static func isPadding(_ item: BencodeValue) -> Bool {
    item["attr"]?.string?.contains(UInt8(ascii: "p")) ?? false
  }

  static func length(of item: BencodeValue) throws(MetainfoError) -> UInt64 {
    guard let value = item["length"] else { throw .missing("length") }
    guard let number = value.integer else { throw .wrongType("length") }
    guard number >= 0 else { throw .negativeLength }
    return UInt64(number)
  }

  /// Text from before UTF-8 was the rule is repaired, and what it names made harmless.
  static func component(_ bytes: ArraySlice<UInt8>) -> String {
    FileNames.component(String(decoding: bytes, as: UTF8.self))
  }

  private static func target(
    of item: BencodeValue, path: [String]
  ) throws(MetainfoError) -> [String] {
    let named = (item["symlink path"]?.list ?? []).map(\.string)
    var target: [String] = []
    for bytes in named {
      guard let bytes, !bytes.isEmpty, !bytes.elementsEqual(".".utf8),
        !bytes.elementsEqual("..".utf8), !bytes.contains(UInt8(ascii: "/")), !bytes.contains(0)
      else { throw .badLink(path.joined(separator: "/")) }
      target.append(component(bytes))
    }
    guard !target.isEmpty, target.count <= FileLayout.deepestPath else {
      throw .badLink(path.joined(separator: "/"))
    }
    return target
  }
}
