import Foundation
import Session
import Testing
import TorrentModel

/// A folder that is gone when the test is.
private final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/torrents-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: "\(path)/\(name)")
  }
}

/// A torrent of one file whose info-hash depends on its name.
private func torrent(_ name: String) -> String {
  "d4:infod6:lengthi1e4:name\(name.utf8.count):\(name)12:piece lengthi16384e6:pieces20:"
    + "aaaaaaaaaaaaaaaaaaaaee"
}

private func infoHash(_ name: String) throws -> InfoHash {
  try Metainfo(Array(torrent(name).utf8)).info.infoHash
}

extension TorrentFolder.Changes {
  fileprivate var isEmpty: Bool { added.isEmpty && removed.isEmpty && refused.isEmpty }
}

@Suite struct TorrentFolders {
  @Test func `files that come and go are noticed, each once`() throws {
    let place = try TemporaryFolder()
    try place.write(torrent("one"), to: "one.torrent")
    try place.write("something else", to: "readme.txt")
    var folder = TorrentFolder(path: place.path)
    #expect(try folder.update().added == [infoHash("one")])
    #expect(folder.update().isEmpty)
    try place.write(torrent("two"), to: "two.torrent")
    try place.write(torrent("one"), to: "copy-of-one.torrent")
    #expect(try folder.update().added == [infoHash("two")])
    #expect(folder.count == 3)
    try place.remove("one.torrent")
    #expect(folder.update().isEmpty, "a copy is still there")
    try place.remove("copy-of-one.torrent")
    #expect(try folder.update().removed == [infoHash("one")])
    #expect(folder.count == 1)
  }

  @Test func `a file still being written is taken once it is whole`() throws {
    let place = try TemporaryFolder()
    let whole = torrent("slow")
    try place.write(String(whole.prefix(40)), to: "slow.torrent")
    var folder = TorrentFolder(path: place.path)
    let first = folder.update()
    #expect(first.added.isEmpty && first.refused.map(\.name) == ["slow.torrent"])
    #expect(folder.update().isEmpty, "told of once")
    try place.write(whole, to: "slow.torrent")
    #expect(try folder.update().added == [infoHash("slow")])
  }

  @Test func `what is no file is passed over`() throws {
    let place = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: place.path + "/folder.torrent", withIntermediateDirectories: false)
    #expect(mkfifo(place.path + "/pipe.torrent", 0o600) == 0)
    var folder = TorrentFolder(path: place.path)
    #expect(folder.update().isEmpty)
  }

  @Test func `a folder that is gone holds nothing, one that cannot be read what it held`() throws {
    let place = try TemporaryFolder()
    try place.write(torrent("one"), to: "one.torrent")
    var folder = TorrentFolder(path: place.path)
    #expect(folder.update().added.count == 1)
    // A file in the folder's place is ENOTDIR, which root is told of too.
    let aside = place.path + "-aside"
    try FileManager.default.moveItem(atPath: place.path, toPath: aside)
    try Data().write(to: URL(fileURLWithPath: place.path))
    #expect(folder.update().isEmpty)
    try FileManager.default.removeItem(atPath: place.path)
    #expect(try folder.update().removed == [infoHash("one")])
    try FileManager.default.moveItem(atPath: aside, toPath: place.path)
    #expect(try folder.update().added == [infoHash("one")])
  }
}
