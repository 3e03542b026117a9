import Foundation
import Testing

@Suite struct `The house` {
  @Test func `every source keeps the rules of its floor`() throws {
    let sources = try allSources()
    #expect(sources.count > 10, "the sources were not found below \(packageRoot.path)")
    for sentence in sources.flatMap(Rules.violations(in:)) {
      Issue.record("\(sentence)")
    }
  }

  @Test func `every module of the package stands on a floor or is a shim`() throws {
    let root = packageRoot.appending(path: "Sources")
    for module in try FileManager.default.contentsOfDirectory(atPath: root.path).sorted() {
      #expect(House.floor(of: module) != nil || House.basement.contains(module), "\(module)")
    }
  }

  @Test func `no module stands on two floors`() {
    let modules = House.floors.flatMap { $0 }
    #expect(Set(modules).count == modules.count)
  }
}

/// A source that breaks a rule, and the words by which the complaint must name it; or, with no
/// words, a source that breaks none.
struct Example: CustomTestStringConvertible, Sendable {
  var module: String
  var text: String
  var complaint: String?

  var testDescription: String { "\(module): \(text)" }

  static let all: [Example] = [
    Example(module: "PeerWire", text: "import SwarmLogic", complaint: "of floor 3"),
    Example(module: "PeerWire", text: "public import Session", complaint: "of floor 5"),
    Example(module: "PeerWire", text: "@testable import TrackerWire", complaint: "neighbour"),
    Example(module: "HTTPWire", text: "import TrackerWire", complaint: "neighbour"),
    Example(module: "Networking", text: "import struct Storage.Block", complaint: "neighbour"),
    Example(module: "Session", text: "package import Control", complaint: "of floor 6"),
    Example(module: "SwarmLogic", text: "import Foundation", complaint: "imports Foundation"),
    Example(module: "SwarmLogic", text: "import FoundationEssentials", complaint: "imports"),
    Example(module: "TrackerLogic", text: "import Glibc", complaint: "imports Glibc"),
    Example(module: "TorrentModel", text: "import Dispatch", complaint: "imports Dispatch"),
    Example(module: "TrackerWire", text: "import CLinux", complaint: "the shim CLinux"),
    Example(module: "SwarmLogic", text: "let a = await b()", complaint: "await"),
    Example(module: "SwarmLogic", text: "let a = Int.random(in: 0..<9)", complaint: ".random("),
    Example(module: "SwarmLogic", text: "peers.shuffled()", complaint: ".shuffled()"),
    Example(module: "Bencoding", text: "let now = Date()", complaint: "Date()"),
    Example(module: "Hashing", text: "  #if DEBUG", complaint: "#if"),
    Example(module: "SwarmLogic", text: "ContinuousClock().now", complaint: "ContinuousClock"),
    Example(module: "Session", text: "public final class Session {}", complaint: "its module"),
    Example(module: "Storage", text: "  enum Storage {}", complaint: "its module"),
    Example(
      module: "Control", text: String(repeating: "\n", count: 400), complaint: "401 lines"),
    Example(module: "Cellar", text: "", complaint: "no floor"),

    Example(module: "TrackerWire", text: "public import HTTPWire", complaint: nil),
    Example(module: "Hashing", text: "import COpenSSL", complaint: nil),
    Example(module: "Session", text: "import Glibc\nlet a = await b()", complaint: nil),
    Example(module: "SwarmLogic", text: "import Synchronization", complaint: nil),
    Example(module: "SwarmLogic", text: "// never await, nor Date()", complaint: nil),
    Example(module: "SwarmLogic", text: "/* #if\n await */ let a = 1", complaint: nil),
    Example(module: "SwarmLogic", text: #"let a = "await \" Date()""#, complaint: nil),
    Example(module: "SwarmLogic", text: "func awaitNothing() {}", complaint: nil),
    Example(module: "SwarmLogic", text: "peers.shuffle(using: &generator)", complaint: nil),
    Example(module: "Control", text: String(repeating: "\n", count: 399), complaint: nil),
  ]
}

@Suite struct `The rules` {
  @Test(arguments: Example.all)
  func `catch what breaks them and nothing else`(example: Example) {
    let source = SourceFile(
      module: example.module, name: "\(example.module)/Example.swift", text: example.text)
    let found = Rules.violations(in: source)
    if let complaint = example.complaint {
      #expect(found.count == 1)
      #expect(found.first?.contains(complaint) == true, "\(found)")
    } else {
      #expect(found.isEmpty, "\(found)")
    }
  }
}
