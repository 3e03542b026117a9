import Foundation
import Testing

@testable import shoal

@Suite struct MisuseTests {
  @Test func theOverviewNamesEveryVerb() throws {
    for words in [["--help"], ["-h"], ["--color", "never", "--help"]] {
      let result = try ShoalBinary.run(words)
      #expect(result.exitCode == 0)
      for verb in Shoal.verbs { #expect(result.output.contains("\n  \(verb.name) ")) }
      #expect(result.errors.isEmpty)
    }
  }

  @Test(arguments: Shoal.verbs.map(\.name)) func everyVerbHasItsPage(name: String) throws {
    let verb = try #require(Shoal.verbs.first { $0.name == name })
    let page = try ShoalBinary.run(verb.words + ["--help"])
    #expect(page.exitCode == 0)
    #expect(page.output.hasPrefix("Usage: shoal \(name)"))
    for flag in verb.flags { #expect(page.output.contains("--\(flag.name)")) }
    for code in verb.exitCodes { #expect(page.output.contains("\n  \(code.rawValue)  ")) }
    #expect(page.output.contains("Examples:"))
    #expect(page.output.split(separator: "\n").allSatisfy { $0.count <= 100 })
    #expect(try ShoalBinary.run(["help"] + verb.words).output == page.output)

    let json = try ShoalBinary.run(verb.words + ["--help", "--json"]).json
    #expect(json["verb"] as? String == name)
    let flags = try #require(json["flags"] as? [[String: Any]])
    #expect(flags.compactMap { $0["flag"] as? String } == verb.flags.map { "--" + $0.name })
    let events = try #require(json["events"] as? [[String: Any]])
    #expect(events.compactMap { $0["event"] as? String } == verb.events.map(\.name))
    for (event, outline) in zip(events, verb.events) {
      let keys = ["event", "time"] + outline.keys.map(\.name)
      #expect(event["keys"] as? [String] == keys)
      #expect(Set((event["meanings"] as? [String: String] ?? [:]).keys) == Set(keys))
    }
    #expect(Set(verb.events.map(\.name)).count == verb.events.count)
    #expect(verb.events.last?.name == "error")
    let object = try #require(json["object"] as? [String: Any])
    #expect(object["keys"] as? [String] == verb.object.map(\.name))
  }

  @Test func theVersionIsPrintedAlone() throws {
    #expect(try ShoalBinary.run(["--version"]).output == "shoal \(Shoal.version)\n")
    #expect(try ShoalBinary.run(["get", "--version"]).output == "shoal \(Shoal.version)\n")
    #expect(
      try ShoalBinary.run(["--version", "--json"]).json["version"] as? String == Shoal.version)
  }

  @Test(arguments: [
    (["shwo", "x"], "unknown verb 'shwo'; did you mean 'show'?"),
    (
      ["tracker", "user"],
      "'tracker user' wants one more word: add, list, revoke, rotate, limit; see 'shoal --help'"
    ),
    (
      ["tracker", "usre", "add"],
      "unknown verb 'tracker usre'; did you mean 'tracker user'?"
    ),
    (
      ["tracker", "user", "lsit"],
      "unknown verb 'tracker user lsit'; did you mean 'tracker user list'?"
    ),
    (
      ["tracker", "user", "add"],
      "'tracker user add' wants NAME; see 'shoal tracker user add --help'"
    ),
    (["ring", "sreve"], "unknown verb 'ring sreve'; did you mean 'ring serve'?"),
    (["frobnicate"], "unknown verb 'frobnicate'; see 'shoal --help'"),
    ([], "a verb is missing; see 'shoal --help'"),
    (["show"], "'show' wants SOURCE; see 'shoal show --help'"),
    (["show", "a", "b"], "'show' does not know what to do with 'b'; see 'shoal show --help'"),
    (["show", ""], "the operand number 1 is empty; see 'shoal show --help'"),
    (["get", "x", "--ouput", "y"], "unknown flag '--ouput'; did you mean '--output'?"),
    (["get", "x", "--sequental"], "unknown flag '--sequental'; did you mean '--sequential'?"),
    (["get", "x", "--up"], "--up wants a value; write --up RATE"),
    (
      ["get", "x", "--proxy", "socks5://proxy.example:1080"],
      "--proxy wants socks5://ADDRESS:PORT or http://ADDRESS:PORT, with USER:PASSWORD@ where needed, "
        + "not 'socks5://proxy.example:1080'"
    ),
    (
      ["get", "x", "--proxy", "socks5://127.0.0.1:1080", "--ring", "open:harbour"],
      "--proxy and --ring exclude each other: rings are spoken over UDP; leave one of them out"
    ),
    (
      ["share", "x", "--proxy", "http://127.0.0.1:3128"],
      "--proxy lets nobody in, and a share's own tracker has to be reached; name another tracker "
        + "with --tracker"
    ),
    (
      ["get", "x", "--encryption", "perhaps"],
      "--encryption wants plain, preferred, required, not 'perhaps'"
    ),
    (["show", "-qv", "x"], "--quiet and --verbose exclude each other; give one"),
    (["--jsno", "show", "x"], "unknown flag '--jsno'; did you mean '--json'?"),
    (
      ["get", "x", "--max-peers", "0"],
      "--max-peers wants a whole number from 1 to 10000, not '0'"
    ),
    (
      ["get", "x", "--listen", "nowhere"],
      "--listen wants an address and port such as 192.0.2.1:6881, [::1]:0 or :6881, not 'nowhere'"
    ),
    (
      ["share", "x", "--hybrid", "--v2"], "--v2 and --hybrid exclude each other; give one"
    ),
    (["share", "a", "b", "--name", "n"], "--name names one torrent, and 2 paths are to be shared"),
    (
      ["seed", "magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567"],
      "0123456789abcdef0123456789abcdef01234567: seeding needs the .torrent file, not a link; "
        + "use 'shoal get', which checks and keeps what is there"
    ),
  ])
  func misuseIsOneLineAndExitCodeTwo(words: [String], line: String) throws {
    let result = try ShoalBinary.run(words)
    #expect(result.exitCode == 2)
    #expect(result.errors == "shoal: \(line)\n")
    #expect(result.output.isEmpty)
  }

  @Test func inJSONModeAnErrorIsOneObjectOnStandardOutput() throws {
    for words in [
      ["--json", "show", "x", "--nope"], ["show", "--json"], ["shwo", "x", "--json"],
    ] {
      let result = try ShoalBinary.run(words)
      #expect(result.exitCode == 2)
      #expect(result.errors.isEmpty)
      let error = try result.json
      #expect(error["event"] as? String == "error")
      #expect(error["code"] as? Int == 2)
      #expect(error["kind"] as? String == "usage")
      #expect((error["message"] as? String)?.isEmpty == false)
      #expect(error["time"] is Double)
    }
  }

  @Test func coloursComeWhenAskedForAndNotInPipes() throws {
    #expect(!(try ShoalBinary.run(["nope"]).errors.contains("\u{1b}")))
    let link = "magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567"
    #expect(!(try ShoalBinary.run(["show", link]).output.contains("\u{1b}")))
    #expect(try ShoalBinary.run(["show", "--color=always", link]).output.contains("\u{1b}[2m"))
    #expect(!(try ShoalBinary.run(["show", "--color", "never", link]).output.contains("\u{1b}")))
    #expect(try ShoalBinary.run(["show", "--color", "pink", link]).exitCode == 2)
  }
}
