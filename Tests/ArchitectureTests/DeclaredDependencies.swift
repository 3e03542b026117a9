import Foundation
import Testing

/// What Package.swift says of a target, read as text: the package's own description would take a build
/// of its own.
struct DeclaredDependencies {
  /// The dependencies of each target of the package's own sources and tests.
  private(set) var byTarget: [String: Set<String>] = [:]

  init(manifest: String) throws {
    let declaration = try Regex(
      #"(?:module|tests|executableTarget)\(\s*(?:name: )?"(\w+)"(?:,\s*(?:dependencies: )?\[([^\]]*)\])?"#,
      as: (Substring, Substring, Substring?).self)
    for match in manifest.matches(of: declaration) {
      let names = (match.output.2 ?? "").matches(of: #/"(\w+)"/#).map { String($0.output.1) }
      byTarget[String(match.output.1)] = Set(names)
    }
  }
}

@Suite struct `The package` {
  /// What is imported through another target is not built again with it: such a target keeps the layout
  /// of types that have changed, or does not build from nothing.
  @Test func `declares whatever a target imports`() throws {
    let manifest = try String(
      contentsOf: packageRoot.appending(path: "Package.swift"), encoding: .utf8)
    let declared = try DeclaredDependencies(manifest: manifest).byTarget
    let own = Set(declared.keys).union(House.basement)
    var checked = 0
    for source in try allSources() + allSources(below: "Tests") {
      guard let dependencies = declared[source.module] else { continue }
      for imported in Set(source.imports).intersection(own) where imported != source.module {
        checked += 1
        #expect(dependencies.contains(imported), "\(source.name) imports \(imported)")
      }
    }
    #expect(checked > 1000, "\(checked) imports were found")
  }

  @Test func `is read by its declarations`() throws {
    let declared = try DeclaredDependencies(
      manifest: #"""
        module("Bencoding"), module("Hashing", ["CHashing"]),
        tests(
          "HashingTests", [
            "DeterministicCore", "Hashing",
          ]),
        .executableTarget(
          name: "shoal", dependencies: ["Session"], swiftSettings: fast)
        """#
    ).byTarget
    #expect(
      declared == [
        "Bencoding": [], "Hashing": ["CHashing"],
        "HashingTests": ["DeterministicCore", "Hashing"], "shoal": ["Session"],
      ])
  }
}
