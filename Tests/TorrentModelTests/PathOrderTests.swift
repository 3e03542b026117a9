import Testing

@testable import TorrentModel

@Suite struct PathOrderTests {
  @Test(arguments: [
    (["a"], ["b"], PathOrder.Relation.before), (["b"], ["a"], .after), (["a"], ["a"], .equal),
    (["a"], ["a", "b"], .leadsTo), (["a", "b"], ["a"], .liesIn), (["a", "z"], ["b"], .before),
    // By components: the slash between them is no byte of the order.
    (["a", "b"], ["a!"], .before), (["a!"], ["a", "b"], .after), (["ab"], ["a", "b"], .after),
    // By bytes, the letter and its accent apart or not.
    (["e\u{301}"], ["\u{e9}"], .before), (["\u{e9}"], ["e\u{301}"], .after),
    (["Z"], ["a"], .before), (["\u{ff5e}"], ["\u{1f600}"], .before),
    ([String(repeating: "x", count: 40) + "1"], [String(repeating: "x", count: 40) + "2"], .before),
    ([], ["a"], .leadsTo),
  ])
  func relations(left: [String], right: [String], expected: PathOrder.Relation) {
    #expect(PathOrder.relation(left, right) == expected)
    #expect(PathOrder.precedes(left, right) == (expected == .before || expected == .leadsTo))
  }

  @Test func sortsAsBytesDo() {
    let names = ["b", "a", "é", "e\u{301}", "", "aa", "\u{10ffff}", "~"]
    let sorted = names.sorted { PathOrder.compare($0, $1) < 0 }
    let bytes = names.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
    #expect(sorted.map { Array($0.utf8) } == bytes)
  }
}
