import Foundation
import Testing

@testable import shoal

/// The completion scripts in the shells that they are for.
@Suite struct CompletionTests {
  /// A folder with a torrent, another file and a folder in it, all with names that need care.
  private func withFiles(_ body: (URL) throws -> Void) throws {
    try ShoalBinary.withFolder { folder in
      for name in ["one two.torrent", "$three.torrent", "notes.txt", "shoal.bash", "shoal.fish"] {
        let shell = Shell(rawValue: String(name.split(separator: ".")[1]))
        try Data((shell?.script ?? "").utf8).write(to: folder.appendingPathComponent(name))
      }
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent("films"), withIntermediateDirectories: true)
      try body(folder)
    }
  }

  /// What a script prints that a shell runs in a folder.
  private func lines(
    of shell: String, _ arguments: [String], in folder: URL
  ) throws -> [String] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(TerminalSession.tool(shell)))
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = [
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "", "HOME": folder.path,
      "LC_ALL": "C.UTF-8",
    ]
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let complaints = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(complaints.isEmpty, "\(String(decoding: complaints, as: UTF8.self))")
    return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init).sorted()
  }

  /// What bash offers for the last word. The words are as readline cuts them.
  private func bash(_ words: [String], in folder: URL) throws -> [String] {
    let quoted = words.map(ShellQuote.single).joined(separator: " ")
    return try lines(
      of: "bash",
      [
        "--norc", "--noprofile", "-c",
        "set -u; source shoal.bash; COMP_WORDS=(shoal \(quoted)); COMP_CWORD=\(words.count); _shoal; "
          + "printf '%s\\n' \"${COMPREPLY[@]}\"",
      ], in: folder)
  }

  private static let torrents = ["$three.torrent", "films", "one two.torrent"]
  private static let everything = torrents + ["notes.txt", "shoal.bash", "shoal.fish"]

  private static let cases: [(words: [String], offers: [String])] = [
    (["ge"], ["get"]),
    (["-q", "ge"], ["get"]),
    (["--color", ""], ["always", "auto", "never"]),
    (["--color", "=", "a"], ["always", "auto"]),
    (["--color", "="], ["always", "auto", "never"]),
    (["--color", "auto", "see"], ["seed"]),
    (["get", "--stall"], ["--stall-timeout"]),
    (["get", "--output", ""], ["films"]),
    (["get", "-o", ""], ["films"]),
    (["get", "--output", "=", "f"], ["films"]),
    (["get", "--up", ""], []),
    (["get", ""], torrents),
    (["get", "a.torrent", ""], torrents),
    (["get", "--up", "1M", "on"], ["one two.torrent"]),
    (["get", "--", "--"], []),
    (["verify", ""], torrents),
    (["verify", "a.torrent", ""], everything),
    (["verify", "a.torrent", "b", ""], []),
    (["verify", "http", ":", "//x/y.torrent", "n"], ["notes.txt"]),
    (["share", "sho"], ["shoal.bash", "shoal.fish"]),
    (["completion", ""], ["bash", "fish", "zsh"]),
    (["help", "cr"], ["create"]),
    (["tracker", ""], ["stats", "torrent", "user"]),
    (["tracker", "user", ""], ["add", "limit", "list", "revoke", "rotate"]),
    (["tracker", "user", "add", "--addr"], ["--addresses"]),
    (["tracker", "torrent", "add", "--data", ""], ["films"]),
    (["tracker", "torrent", "add", ""], torrents),
    (["tracker", "--json", "st"], ["stats"]),
    (["ring", "sta"], ["status"]),
    (["ring", "status", "--bo"], ["--bootstrap"]),
  ]

  @Test(arguments: cases) func bashOffersWhatMayStandThere(
    words: [String], offers: [String]
  ) throws {
    try withFiles { folder in
      let found = try bash(words, in: folder)
      #expect(found == offers.sorted())
    }
  }

  @Test func everyShellOffersEveryVerbAndFlag() throws {
    try withFiles { folder in
      let verbs = try bash([""], in: folder)
      #expect(verbs == Shoal.firstWords.sorted())
      for verb in Shoal.verbs {
        let flags = verb.flags.map { "--" + $0.name }.sorted()
        let found = try bash(verb.words + ["--"], in: folder)
        #expect(found == flags)
        for shell in Shell.allCases {
          #expect(shell.script.contains(verb.name))
          for flag in verb.flags { #expect(shell.script.contains(flag.name)) }
        }
      }
    }
  }

  private static let fishCases: [(line: String, offers: [String])] = [
    ("shoal ge", ["get"]), ("shoal get --stall", ["--stall-timeout"]),
    ("shoal get --output ", ["films/"]), ("shoal get --color a", ["always", "auto"]),
    ("shoal verify not", ["notes.txt"]), ("shoal completion z", ["zsh"]), ("shoal get --up ", []),
    ("shoal tracker us", ["user"]), ("shoal tracker user ro", ["rotate"]),
    ("shoal tracker user add --addr", ["--addresses"]), ("shoal ring sta", ["status"]),
  ]

  @Test(.enabled(if: TerminalSession.tool("fish") != nil, "fish is not installed"))
  func fishOffersWhatMayStandThere() throws {
    try withFiles { folder in
      for (line, offers) in Self.fishCases {
        let found = try lines(
          of: "fish", ["--no-config", "-c", "source shoal.fish; complete -C '\(line)'"], in: folder
        ).map { String($0.prefix { $0 != "\t" }) }
        #expect(found == offers, "\(line)")
      }
      let torrents = try lines(
        of: "fish", ["--no-config", "-c", "source shoal.fish; complete -C 'shoal get '"], in: folder
      )
      #expect(torrents.contains { $0.contains("one two.torrent") })
    }
  }

  private static let zshCases: [(typed: String, becomes: String)] = [
    ("shoal comp", "shoal completion"), ("shoal get --stall", "shoal get --stall-timeout="),
    ("shoal get one", "shoal get one\\ two.torrent"), ("shoal get -o f", "shoal get -o films/"),
    ("shoal get --color=al", "shoal get --color=always"),
    ("shoal verify x.torrent no", "shoal verify x.torrent notes.txt"),
    ("shoal completion f", "shoal completion fish"),
    ("shoal tracker us", "shoal tracker user"), ("shoal ring st", "shoal ring status"),
    ("shoal tracker user rev", "shoal tracker user revoke"),
    ("shoal tracker torrent add one", "shoal tracker torrent add one\\ two.torrent"),
  ]

  @Test(
    .enabled(
      if: TerminalSession.tool("zsh") != nil && TerminalSession.isAvailable,
      "zsh or tmux is not installed"))
  func zshCompletesWhatIsTyped() throws {
    try withFiles { folder in
      try Data(Shell.zsh.script.utf8).write(to: folder.appendingPathComponent("_shoal"))
      try Data("fpath=($ZDOTDIR $fpath); autoload -Uz compinit; compinit -D -u; PS1='> '".utf8)
        .write(to: folder.appendingPathComponent(".zshrc"))
      let command = "ZDOTDIR=\(folder.path) zsh -d -i"
      try TerminalSession.with(command, in: folder) { session in
        try session.wait(for: "a prompt") { $0.last == ">" }
        for (typed, becomes) in Self.zshCases {
          try session.type(typed, "Tab")
          try session.wait(for: "\(typed) to become \(becomes)") {
            $0.last.map { $0.trimmingCharacters(in: .whitespaces) } == "> " + becomes
          }
          // A list of choices below the line would be the last one.
          try session.type("C-u", "C-l")
          try session.wait(for: "an empty line") { $0 == [">"] }
        }
      }
    }
  }

  @Test func theVerbPrintsTheScripts() throws {
    for shell in Shell.allCases {
      let text = try ShoalBinary.run(["completion", shell.rawValue])
      #expect(text.exitCode == 0)
      #expect(text.output == shell.script)
      let json = try ShoalBinary.run(["completion", shell.rawValue, "--json"]).json
      #expect(json["shell"] as? String == shell.rawValue)
      #expect(json["script"] as? String == shell.script)
    }
  }
}
