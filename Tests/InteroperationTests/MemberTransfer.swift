import Foundation
import Testing

/// One payload between two members of a private tracker, each with a client of another kind and a
/// key of its own. What the accounts say afterwards is what was moved, to within a block; and who is
/// revoked is refused.
struct MemberTransfer: CustomTestStringConvertible, Sendable {
  var seeder: ClientKind
  var leecher: ClientKind
  var scheme: String

  var testDescription: String { "\(seeder) to \(leecher), keys over \(scheme)" }

  /// Bytes: clients count by messages that may lie beyond the last whole block.
  static let block = 16_384

  func run() async throws {
    try await Arena.run { arena in
      let payload = Payload.file
      let original = try arena.makeFolder("original")
      let path = try payload.write(below: original)
      let tracker = try await PrivateTracker(scheme: scheme, in: arena)
      for name in ["seeder", "leecher"] { try await tracker.add(name) }
      let infoHash = try await tracker.track(path)

      let given = try await tracker.export(infoHash, for: "seeder")
      let seeding = try await seeder.start(
        ClientOptions(
          folder: original, source: given.path, address: try Arena.allocateAddress(), seeds: true),
        in: arena)
      try await wait(until: "the seeder has announced itself", within: .seconds(30)) {
        try await tracker.account(of: "seeder").active == 1
      }
      let copy = try arena.makeFolder("copy")
      let taken = try await tracker.export(infoHash, for: "leecher")
      let downloading = try await leecher.start(
        ClientOptions(
          folder: copy, source: taken.path, address: try Arena.allocateAddress(), seeds: false),
        in: arena)
      try await downloading.waitUntilComplete(within: Transfer.limit)
      try payload.expectEqual(original, copy, madeBy: leecher)
      try await downloading.leave()
      try await seeding.leave()

      let size = 32 * Payload.pieceLength
      try await wait(until: "the farewells are credited", within: .seconds(30)) {
        let (up, down) = try await tracker.moved()
        return abs(up - size) <= Self.block && abs(down - size) <= Self.block
      }
      try await refuse("leecher", taken, tracker, in: arena)
    }
  }

  /// A member's client that starts after the revocation gives up, with the reason for it.
  private func refuse(
    _ name: String, _ file: URL, _ tracker: PrivateTracker, in arena: Arena
  ) async throws {
    try await tracker.revoke(name)
    let process = try arena.start(
      "shoal-revoked", try Arena.shoal(),
      [
        "get", file.path, "--output", try arena.makeFolder("revoked").path, "--listen",
        "\(try Arena.allocateAddress())",
      ])
    try await wait(until: "the revoked member is refused", within: .seconds(30)) {
      process.exitCode() != nil
    }
    #expect(process.exitCode() == 6)
    #expect(process.output().contains("key was revoked"))
  }
}

/// A private tracker of shoal's, and the verbs that administer it.
final class PrivateTracker {
  private let arena: Arena
  private let state: URL
  private var count = 0

  /// - Parameter scheme: of the announce URLs that members get.
  init(scheme: String, in arena: Arena) async throws {
    self.arena = arena
    state = try arena.makeFolder("tracker")
    let address = try Arena.allocateAddress()
    let process = try arena.start(
      "shoal-tracker", try Arena.shoal(),
      [
        "tracker", "--private", "--listen", "\(address)", "--data", state.path, "--public-url",
        "\(scheme)://\(address)",
      ])
    try await wait(until: "the tracker listens", within: .seconds(10)) {
      if let code = process.exitCode() { throw Failure("the tracker exited with \(code)") }
      return address.accepts()
    }
  }

  @discardableResult
  private func run(_ words: String...) async throws -> [String: Any] {
    count += 1
    let text = try await arena.run(
      "tracker-\(count)", try Arena.shoal(), ["tracker"] + words + ["--data", state.path, "--json"])
    let line = text.split(separator: "\n").first { $0.hasPrefix("{") } ?? ""
    return try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
  }

  func add(_ name: String) async throws { try await run("user", "add", name) }

  func revoke(_ name: String) async throws { try await run("user", "revoke", name) }

  /// Has a payload tracked.
  ///
  /// - Returns: its info-hash.
  func track(_ payload: URL) async throws -> String {
    let file = arena.folder.appending(path: "private.torrent").path
    _ = try await arena.run(
      "shoal-create", try Arena.shoal(),
      [
        "create", "--v1", payload.path, "-o", file, "--private", "--piece-length",
        "\(Payload.pieceLength)",
      ])
    guard let infoHash = try await run("torrent", "add", file)["infoHash"] as? String else {
      throw Failure("the torrent was not added")
    }
    return infoHash
  }

  func export(_ infoHash: String, for name: String) async throws -> URL {
    let file = arena.folder.appending(path: "\(name).torrent")
    try await run("torrent", "export", infoHash, "--user", name, "-o", file.path)
    return file
  }

  func account(of name: String) async throws -> (up: Int, down: Int, active: Int) {
    let member = try await run("user", "list", name)
    func number(_ key: String) -> Int { (member[key] as? NSNumber)?.intValue ?? -1 }
    return (number("uploaded"), number("downloaded"), number("active"))
  }

  /// What the seeder gave and the leecher took.
  func moved() async throws -> (up: Int, down: Int) {
    (try await account(of: "seeder").up, try await account(of: "leecher").down)
  }
}
