import Testing

@testable import shoal

@Suite struct GlobTests {
  @Test(
    arguments: [
      ("*.flac", "album/01.flac", true),
      ("*.flac", "album/01.mp3", false),
      ("*.flac", ".flac", true),
      ("album/*", "album/01.flac", true),
      ("album/*", "album/disc 1/01.flac", false),
      ("album/**", "album/disc 1/01.flac", true),
      ("**/01.*", "album/disc 1/01.flac", true),
      ("**/a*b", "x/y/azzb", true),
      ("**/a*b", "x/azz/b", false),
      ("**a/*b", "a/c/a/xb", true),
      ("disc ?/*", "disc 1/x", true),
      ("disc?x", "disc/x", false),
      ("", "anything", false),
      ("*", "a/b/c", true),
      ("name", "folder/name", true),
      ("folder/name", "name", false),
      ("küste/*", "küste/flut – 潮.txt", true),
    ] as [(String, String, Bool)])
  func `a pattern matches paths as a shell would`(pattern: String, path: String, matches: Bool) {
    #expect(Glob(pattern).matches(path) == matches)
  }

  @Test func `a pattern full of stars is no trap`() {
    let text = String(repeating: "a", count: 2000)
    #expect(!Glob(String(repeating: "*a", count: 200) + "b").matches(text))
  }
}
