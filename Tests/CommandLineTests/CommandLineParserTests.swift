import DeterministicCore
import Testing
import TorrentModel

@testable import shoal

@Suite struct CommandLineParserTests {
  private static let file = Flag("file", short: "f", .path, "a file")
  private static let many = Flag("many", short: "m", .number(0...9), "numbers", isRepeatable: true)
  private static let bare = Switch("bare", short: "b", "a switch")
  private static let calm = Switch("calm", short: "c", "another")

  private func parse(_ words: String...) throws(CommandError) -> ParsedArguments {
    let flags = [Self.file.outline, Self.many.outline, Self.bare.outline, Self.calm.outline]
    return try CommandLineParser(flags: flags).parse(words)
  }

  @Test(arguments: [
    ["--file", "x"], ["--file=x"], ["-f", "x"], ["-fx"], ["-bfx"], ["-bcf", "x"],
    ["--file=y", "--file", "x"], ["--file", "x", "--bare"],
  ])
  func aValueIsTakenInEveryForm(words: [String]) throws {
    let parsed = try CommandLineParser(
      flags: [Self.file.outline, Self.bare.outline, Self.calm.outline]
    ).parse(words)
    #expect(try parsed.value(of: Self.file) == "x")
    #expect(parsed.operands.isEmpty)
  }

  @Test func flagsAndOperandsStandInAnyOrder() throws {
    let parsed = try parse("one", "-b", "two", "--many=3", "-", "-m4", "--", "--bare", "-x", "--")
    #expect(parsed.operands == ["one", "two", "-", "--bare", "-x", "--"])
    #expect(try parsed.values(of: Self.many) == [3, 4])
    #expect(parsed.has(Self.bare))
    #expect(!parsed.has(Self.calm))
  }

  @Test func aValueMayHoldAnythingBehindItsSign() throws {
    #expect(try parse("--file=a=b").value(of: Self.file) == "a=b")
    #expect(try parse("--file", "--bare").value(of: Self.file) == "--bare")
    #expect(try parse("-f=x").value(of: Self.file) == "=x")
    #expect(throws: CommandError.self) { try parse("--file=").value(of: Self.file) }
  }

  @Test(arguments: [
    (["--fiel", "x"], "did you mean '--file'?"),
    (["--fil=x"], "did you mean '--file'?"),
    (["--BARE"], "see 'shoal --help'"),
    (["--zzzzzz"], "see 'shoal --help'"),
    (["-z"], "see 'shoal --help'"),
    (["-bare"], "did you mean '--bare'?"),
    (["--file"], "write --file PATH"),
    (["-bf"], "write -f PATH"),
  ])
  func misuseIsRefusedWithARemedy(words: [String], remedy: String) {
    #expect {
      try CommandLineParser(flags: [Self.file.outline, Self.bare.outline]).parse(words)
    } throws: { error in
      let error = error as? CommandError
      return error?.exitCode == .usage && error?.remedy == remedy
    }
  }

  @Test func aSwitchTakesNoValue() {
    #expect(throws: CommandError.usage("--bare takes no value")) { try parse("--bare=yes") }
  }

  @Test func switchesThatExcludeEachOtherAreRefusedTogether() throws {
    #expect(throws: CommandError.self) { try parse("-bc").exclusive(Self.bare, Self.calm) }
    #expect(try parse("-c").exclusive(Self.bare, Self.calm)?.outline.name == "calm")
    #expect(try parse().exclusive(Self.bare, Self.calm) == nil)
  }

  @Test(arguments: [
    ("", "", 0), ("a", "", 1), ("abc", "abc", 0), ("abc", "acb", 1), ("listen", "lisetn", 1),
    ("kitten", "sitting", 3), ("output", "outptu", 1), ("ca", "abc", 3),
  ])
  func distancesAreTheLeastNumberOfSlips(first: String, second: String, distance: Int) {
    #expect(EditDistance.between(first, second) == distance)
    #expect(EditDistance.between(second, first) == distance)
  }

  @Test(arguments: Shoal.verbs.map(\.name)) func everyVerbIsSuggestedForASlip(name: String) {
    let letters = Array(name)
    for place in letters.indices.dropLast() {
      var swapped = letters
      swapped.swapAt(place, place + 1)
      for slip in [swapped, Array(letters[..<place] + letters[(place + 1)...])] {
        guard slip != letters, !Shoal.verbs.contains(where: { $0.name == String(slip) }) else {
          continue
        }
        #expect {
          try Shoal.verb(named: String(slip))
        } throws: {
          ($0 as? CommandError)?.remedy?.hasPrefix("did you mean '") == true
        }
      }
    }
    let doubled = name.prefix(2) + name.dropFirst(1)
    #expect(EditDistance.nearest(to: String(doubled), among: Shoal.verbs.map(\.name)) == name)
  }

  /// Every flag of every verb is found again from one slip of the hand.
  @Test(arguments: Shoal.verbs.map(\.name)) func everyFlagIsSuggestedForASlip(name: String) throws {
    let verb = try #require(Shoal.verbs.first { $0.name == name })
    let names = verb.flags.map(\.name)
    #expect(Set(names).count == names.count)
    let shorts = verb.flags.compactMap(\.short)
    #expect(Set(shorts).count == shorts.count)
    for flag in names where flag.count > 4 {
      let slip = "\(flag.prefix(2))x\(flag.dropFirst(2))"
      #expect(EditDistance.nearest(to: slip, among: names) == flag)
    }
  }
}
