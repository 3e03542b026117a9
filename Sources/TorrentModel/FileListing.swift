import Bencoding

/// The `files` of version 1, padding among them (BEP 47), as they are encoded: most of a `.torrent` file
/// of many files, written without a value for each of them.
struct FileListing {
  private(set) var encoded = BencodeEncoder()

  init(_ layout: FileLayout) {
    encoded.reserve(layout.files.reduce(2) { $0 + Self.room(for: $1) })
    encoded.beginList()
    var end: UInt64 = 0
    for file in layout.files {
      pad(from: end, to: file.offset)
      append(file)
      end = file.offset + file.length
    }
    pad(from: end, to: layout.extent)
    encoded.end()
  }

  private mutating func pad(from end: UInt64, to offset: UInt64) {
    guard offset > end else { return }
    encoded.append(
      .dictionary([
        ("attr", .string("p")), ("length", .integer(Int64(offset - end))),
        ("path", .list([.string(".pad"), .string("\(offset - end)")])),
      ]))
  }

  private mutating func append(_ file: FileEntry) {
    guard file.attributes.isEmpty, file.linkTarget == nil else {
      let path = BencodeValue.list(file.path.map { .string($0) })
      encoded.append(.dictionary(MetainfoBuilder.facts(of: file) + [("path", path)]))
      return
    }
    // A dictionary, its integer, and a list of texts.
    encoded.append(values: 3 + 1 + 2 + file.path.count, atMost: Self.room(for: file)) { bytes in
      bytes.append("d6:lengthi")
      bytes.append(number: file.length)
      bytes.append("e4:pathl")
      for component in file.path {
        component.withBytes { name in
          bytes.append(number: UInt64(name.count))
          bytes.append(UInt8(ascii: ":"))
          bytes.append(name)
        }
      }
      bytes.append("ee")
    }
  }

  /// Bytes that a plain file takes at most: what is the same of all, the digits of a length, and each
  /// component with the digits of its own.
  private static func room(for file: FileEntry) -> Int {
    var room = 20 + 20
    for component in file.path { room += component.utf8.count + 4 }
    return room
  }
}

extension OutputSpan<UInt8> {
  fileprivate mutating func append(_ text: StaticString) {
    append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  fileprivate mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    withUnsafeMutableBufferPointer { buffer, count in
      let end = count + bytes.count
      _ = UnsafeMutableBufferPointer(rebasing: buffer[count..<end]).initialize(from: bytes)
      count = end
    }
  }

  fileprivate mutating func append(number: UInt64) {
    if number >= 10 { append(number: number / 10) }
    append(UInt8(ascii: "0") + UInt8(number % 10))
  }
}
