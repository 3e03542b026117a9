import Bencoding
import TorrentModel

/// Info dictionaries to spoil: valid unless a test says otherwise.
enum MetainfoFixture {
  /// One file of 40,000 bytes in three pieces.
  static let singleFile = BencodeValue.dictionary([
    ("length", .integer(40_000)), ("name", .string("file.bin")),
    ("piece length", .integer(16_384)), ("pieces", .string([UInt8](repeating: 7, count: 60))),
  ])

  /// Files in folders, 40,000 bytes together.
  static func folder(
    _ files: [(path: [String], length: Int64)] = [(["a"], 10_000), (["b", "c"], 30_000)]
  ) -> BencodeValue {
    singleFile.setting("length", to: nil).setting("files", to: list(files))
  }

  static func list(_ files: [(path: [String], length: Int64)]) -> BencodeValue {
    .list(
      files.map { file in
        .dictionary([
          ("length", .integer(file.length)), ("path", .list(file.path.map { .string($0) })),
        ])
      })
  }

  static func document(_ info: BencodeValue, outer: [(String, BencodeValue)] = []) -> [UInt8] {
    BencodeEncoder.encode(.dictionary(outer + [("info", info)]))
  }

  static func read(
    _ info: BencodeValue, outer: [(String, BencodeValue)] = []
  ) throws(MetainfoError) -> Metainfo {
    try Metainfo(document(info, outer: outer))
  }
}
