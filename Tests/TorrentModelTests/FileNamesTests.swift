import DeterministicCore
import Testing
import TorrentModel

/// Names that strangers gave files, as they go to disk.
@Suite struct FileNamesTests {
  @Test(arguments: [
    "a", "film.mkv", ".hidden", "..a", "...", "a ", "a.", "CON", "a:b", "a\\b", "12:30 *?.log",
    "für", "ファイル", "a\u{200d}b", "~", "e\u{301}", String(repeating: "n", count: 255),
  ]) func harmlessNamesStayAsTheyAre(name: String) {
    #expect(Array(FileNames.component(name).utf8) == Array(name.utf8))
  }

  @Test(arguments: [
    ("", "_"), (".", "_"), ("..", "__"), ("/tmp/x", "_tmp_x"), ("a/../../b", "a_.._.._b"),
    ("ok.txt\0/../x", "ok.txt__.._x"), ("v\u{1}.txt", "v_.txt"), ("\u{1b}[2J", "_[2J"),
    ("a\u{9b}1m", "a_1m"), ("cod\u{202e}fdp.exe", "cod_fdp.exe"), ("a\u{200b}b", "a_b"),
    ("a\nb\rc\td\u{7f}", "a_b_c_d_"), ("\u{2028}", "_"),
  ]) func namesThatLeadElsewhereOrDeceiveAreCleaned(name: String, expected: String) {
    #expect(FileNames.component(name) == expected)
  }

  @Test(arguments: [
    ("CON", "_CON"), ("aux.txt", "_aux.txt"), ("Com1.tar.gz", "_Com1.tar.gz"), ("COM", "COM"),
    ("COM10", "COM10"), ("LPT9", "_LPT9"), ("nul", "_nul"), ("console", "console"),
    ("trailing. ", "trailing__"), ("...", "___"), ("..\\..\\evil.exe", ".._.._evil.exe"),
    ("C:\\evil", "C__evil"), ("a<b>|?*\"", "a_b_____"), ("plain.txt", "plain.txt"),
  ]) func windowsNamesAreCleanedForItsFileSystems(name: String, expected: String) {
    #expect(FileNames.component(name, by: .windows) == expected)
    #expect(FileNames.component(expected, by: .windows) == expected)
  }

  @Test func aLongNameKeepsItsEndingAndStaysApartFromOthers() {
    let long = String(repeating: "n", count: 5000)
    let names = [long + ".a", long + ".b", long, long + "n", long + "x.a", "é" + long + ".flac"]
      .map { FileNames.component($0) }
    #expect(Set(names).count == names.count)
    #expect(names.allSatisfy { $0.utf8.count <= 255 })
    #expect(names[0].hasSuffix(".a") && names[1].hasSuffix(".b") && names[5].hasSuffix(".flac"))
    #expect(names == names.map { FileNames.component($0) })
    // One character of many scalars, and an ending that is longer than a name.
    let zalgo = "z" + String(repeating: "\u{301}", count: 3000)
    #expect((200...255).contains(FileNames.component(zalgo).utf8.count))
    #expect(FileNames.component("a." + long).utf8.count == 255)
  }

  @Test func rivalsAreNumberedInTheirOrder() {
    let listed = [
      ["v\u{1}.txt"], ["v\u{2}.txt"], ["v_.txt"], ["v_ (1).txt"], ["d", "f"], ["d"], ["d", "f"],
      ["D"], ["a\u{300}"], ["à"],
    ]
    let paths = FileNames.paths(for: listed)
    #expect(
      paths == [
        ["v_.txt"], ["v_ (1).txt"], ["v_ (2).txt"], ["v_ (1) (1).txt"], ["d", "f"], ["d (1)"],
        ["d", "f (1)"], ["D"], ["a\u{300}"], ["à"],
      ])
    #expect(FileNames.paths(for: listed, by: .windows)[7] == ["D (2)"])
    #expect(FileNames.paths(for: paths) == paths)
  }

  @Test func rivalsTakeAsManyStepsAsThereAre() {
    let paths = FileNames.paths(for: Array(repeating: ["same"], count: 20_000))
    #expect(paths.last == ["same (19999)"])
    #expect(Set(paths).count == paths.count)
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func whateverIsListedMakesALayoutThatIsTheSameAgain(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let parts = [
      "a", "A", "b", "\u{e9}", "e\u{301}", "..", ".", "", "a/b", "\u{1}", "_", "a (1)", "CON", "a.",
      "\u{202e}",
      String(repeating: "n", count: 300),
    ]
    let listed = (0...random.below(30)).map { _ in
      (0...random.below(4)).map { _ in parts[random.below(parts.count)] }
    }
    for rules in [FileNames.Rules.linux, .windows] {
      let paths = FileNames.paths(for: listed, by: rules)
      #expect(throws: Never.self, "seed \(seed)") {
        try FileLayout(name: "x", isSingleFile: false, files: paths.map { ($0, 1) })
      }
      #expect(FileNames.paths(for: listed, by: rules) == paths, "seed \(seed)")
      let cased = Set(paths.map { Array($0.joined(separator: "/").lowercased().utf8) })
      #expect(rules == .linux || cased.count == paths.count, "seed \(seed)")
    }
  }
}
