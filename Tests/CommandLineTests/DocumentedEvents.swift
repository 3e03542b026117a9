import Foundation
import Testing

@testable import shoal

/// Holds every line that a run of the program printed with `--json` to the table of events.
enum DocumentedEvents {
  /// Each event is one of its verb's and has exactly the documented keys.
  static func check(_ words: [String], _ output: String) throws {
    guard words.contains("--json"), !words.contains("--help"),
      let first = words.firstIndex(where: { Shoal.firstWords.contains($0) }),
      let verb = try? Shoal.verb(
        beginning: Array(words[first...].prefix { !$0.hasPrefix("-") })
      ).verb
    else { return }
    for object in try JSONLines.objects(output) {
      guard let name = object["event"] as? String else {
        let names = verb.object.map(\.name)
        #expect(Set(object.keys).isSubset(of: names), "\(words)")
        continue
      }
      let outline = verb.events.first { $0.name == name }
      #expect(outline != nil, "\(verb.name) has no event \(name)")
      let names = EventOutline.commonKeys + (outline?.keys ?? [])
      #expect(Set(object.keys) == Set(names.map(\.name)), "\(name) of \(words)")
    }
  }
}
