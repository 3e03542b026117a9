import Bencoding
import Testing
import TorrentModel

@Suite struct MetainfoEditorTests {
  /// Unknown keys on both levels, an integer where text belongs, and a single `url-list`.
  private static let document = MetainfoFixture.document(
    MetainfoFixture.singleFile.setting("x-unknown", to: .list([.integer(1)])),
    outer: [
      ("announce", .string("http://a/announce")), ("comment", .integer(7)),
      ("nodes", .list([.list([.string("host"), .integer(1)])])), ("url-list", .string("http://w/")),
      ("zz", .string([0xff, 0x00])),
    ])

  private func edited(_ change: (inout MetainfoEditor) -> Void) throws -> (
    [UInt8], MetainfoEditor
  ) {
    var editor = try MetainfoEditor(Self.document)
    change(&editor)
    return (editor.edited, editor)
  }

  @Test func withoutAChangeEveryByteStays() throws {
    let (bytes, editor) = try edited { _ in }
    #expect(bytes == Self.document)
    #expect(editor.changes.isEmpty)
  }

  @Test func outerChangesKeepTheInfoHashAndWhatNobodyKnows() throws {
    let (bytes, editor) = try edited {
      $0.trackers = [["http://b/"], ["http://c/", "udp://d:1"]]
      $0.webSeeds.append("http://v/")
      $0.createdBy = "a tool"
    }
    #expect(editor.changes == [.trackers, .webSeeds, .createdBy])
    let (before, after) = (try Metainfo(Self.document), try Metainfo(bytes))
    #expect(after.info.bytes == before.info.bytes)
    #expect(after.info.infoHash == before.info.infoHash)
    #expect(after.trackers == [["http://b/"], ["http://c/", "udp://d:1"]])
    #expect(after.outer["announce"]?.text == "http://b/")
    #expect(after.webSeeds == ["http://w/", "http://v/"])
    #expect(after.createdBy == "a tool")
    #expect(after.outer["zz"]?.string?.elementsEqual([0xff, 0x00]) == true)
    #expect(after.outer["nodes"]?.list?.count == 1)
    #expect(after.outer["comment"]?.integer == 7)
  }

  @Test func whatIsEmptiedLeavesNoKeyBehind() throws {
    let (bytes, _) = try edited {
      $0.trackers = []
      $0.webSeeds = []
    }
    let outer = try Metainfo(bytes).outer
    for key in ["announce", "announce-list", "url-list"] { #expect(outer[key] == nil) }
  }

  @Test func changesInsideTheInfoDictionaryMakeAnotherTorrent() throws {
    let (bytes, editor) = try edited {
      $0.isPrivate = true
      $0.source = "HERE"
    }
    #expect(editor.changes == [.isPrivate, .source])
    let after = try Metainfo(bytes)
    #expect(after.info.infoHash != editor.infoHash)
    #expect(after.info.isPrivate)
    #expect(after.info.source == "HERE")
    #expect(after.outer["info"]?["x-unknown"]?.list?.count == 1)

    var back = try MetainfoEditor(bytes)
    back.isPrivate = false
    back.source = nil
    #expect(back.edited == Self.document)
  }
}
