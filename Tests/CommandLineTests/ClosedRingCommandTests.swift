import Foundation
import Testing

@testable import shoal

/// A closed ring as an operator and those whom it admits run it. What strangers try is the matter of
/// `make test-ring`.
@Suite(.serialized) struct ClosedRingCommandTests {
  /// Each machine has a memory of its own.
  private func machine(_ name: String, in folder: URL) -> [String: String] {
    ["XDG_STATE_HOME": folder.appendingPathComponent(".state-\(name)").path]
  }

  private func shoal(
    _ words: [String], on name: String, in folder: URL
  ) throws -> ShoalBinary.Result {
    try ShoalBinary.run(words, environment: machine(name, in: folder), in: folder)
  }

  /// The ring's name.
  private func create(in folder: URL) throws -> String {
    let made = try shoal(["ring", "create", "harbour", "--json"], on: "operator", in: folder).json
    let path = try #require(made["file"] as? String)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    let ring = try #require(made["ring"] as? String)
    #expect(ring.count == 64)
    return ring
  }

  /// The path of a certificate for a machine.
  private func admit(
    _ name: String, _ flags: [String] = [], in folder: URL
  ) throws -> (path: String, json: [String: Any]) {
    let key = try shoal(["ring", "key"], on: name, in: folder)
    let word = key.output.trimmingCharacters(in: .whitespacesAndNewlines)
    let again = try shoal(["ring", "key", "--json"], on: name, in: folder).json
    #expect(again["key"] as? String == word)
    let path = "\(name).certificate"
    let json = try shoal(
      ["ring", "admit", "harbour", word, "-o", path, "--json"] + flags, on: "operator", in: folder
    ).json
    return (path, json)
  }

  @Test func whoIsAdmittedSharesAndFetches() throws {
    try TransferFixture.withFile(300_000) { folder in
      let ring = try create(in: folder)
      let node = try admit("node", in: folder)
      #expect(node.json["isMember"] as? Bool == true && node.json["ring"] as? String == ring)
      let flags = ["--ring", ring, "--certificate", node.path]
      let words =
        ["ring", "serve", "--json", "--probe", "1s"] + flags + TransferFixture.listen
      try RunningShoal.with(words, in: folder, environment: machine("node", in: folder)) { serve in
        let started = try serve.event("started")
        let endpoint = try #require((started["listen"] as? [String])?.first)
        let probe = try serve.event("probe")
        #expect(probe["hops"] as? Int == 0 && probe["roundTrip"] is NSNull)
        #expect(probe["owner"] as? String == node.json["id"] as? String)
        let sharer = try admit("sharer", ["--client", "--valid", "1d"], in: folder)
        #expect(sharer.json["isMember"] as? Bool == false)
        let share =
          ["share", "file.bin", "--ring", ring, "--certificate", sharer.path, "--bootstrap"]
          + [endpoint] + TransferFixture.listen
        try RunningShoal.with(share, in: folder, environment: machine("sharer", in: folder)) {
          share in
          let magnet = try share.line(beginning: "magnet ")
          #expect(magnet.contains("&x.ring=\(ring)&x.rb=\(endpoint)"))
          let shown = try ShoalBinary.run(["show", "--json", "file.bin.torrent"], in: folder).json
          #expect(shown["private"] as? Bool == true)
          let get = try RunningShoal.run(
            ["get", magnet, "-o", "copy", "--certificate", sharer.path] + TransferFixture.listen,
            in: folder, environment: machine("sharer", in: folder))
          #expect(get.exitCode == 0, "\(get.errors)")
          try checkRefusals(ring, endpoint, in: folder)
          try checkPicture(["--ring", ring, "--certificate", sharer.path], endpoint, in: folder)
          share.signal(SIGINT)
          #expect(try share.end().exitCode == 0)
        }
        serve.signal(SIGTERM)
        #expect(try serve.end().exitCode == 0)
        let stopped = try serve.event("stopped")
        #expect(stopped["uncertified"] as? Int == 0 && stopped["badCertificates"] as? Int == 0)
      }
    }
  }

  private func checkPicture(_ flags: [String], _ node: String, in folder: URL) throws {
    let words = ["ring", "status", "--svg", "ring.svg", "--bootstrap", node] + flags
    #expect(try shoal(words, on: "sharer", in: folder).exitCode == 0)
    let svg = try String(
      contentsOf: folder.appendingPathComponent("ring.svg"), encoding: .utf8)
    #expect(svg.contains("1 node, whole, 1 record\""))
    #expect(svg.contains("\(node): 100.0 % of the circle"))
    #expect(svg.contains("<line class=\"bar\" x1") && svg.contains("<circle class=\"node\""))
  }

  private func checkRefusals(_ ring: String, _ node: String, in folder: URL) throws {
    let other = String(ring.reversed())
    let cases: [(words: [String], machine: String, part: String)] = [
      (["ring", "create", "harbour"], "operator", "there is such a ring already"),
      (["ring", "create", "a/b"], "operator", "letters, digits"),
      (["ring", "admit", "elsewhere", ring], "operator", "there is no key of this ring"),
      (["ring", "admit", "harbour", "abc"], "operator", "64 hexadecimal digits"),
      (["ring", "status", "--ring", ring], "nobody", "this machine has no key yet"),
      (["ring", "status", "--ring", ring], "sharer", "there is no certificate"),
      (
        ["ring", "status", "--ring", other, "--certificate", "sharer.certificate"], "sharer",
        "not signed by this ring's operator"
      ),
      (
        ["ring", "status", "--ring", ring, "--certificate", "node.certificate"], "sharer",
        "of another node's key"
      ),
      (
        ["ring", "serve", "--ring", ring, "--certificate", "sharer.certificate"], "sharer",
        "the certificate is a client's"
      ),
      (
        [
          "share", "file.bin", "--ring", ring, "--certificate", "sharer.certificate", "--node-key",
          ".state-sharer/shoal/node.key", "--listen", "127.0.0.1:0",
        ], "nobody", "a client founds none"
      ),
      (
        ["ring", "lookup", "file.bin.torrent", "--ring", "open:test"], "sharer",
        "the torrent is of a closed ring"
      ),
      (
        ["ring", "status", "--ring", "open:test", "--certificate", "node.certificate"], "sharer",
        "an open ring wants no --certificate"
      ),
    ]
    for (words, machine, part) in cases {
      let result = try shoal(
        words + (words[1] == "status" ? ["--bootstrap", node] : []), on: machine, in: folder)
      #expect(result.exitCode == 2, "\(words): \(result.errors)")
      #expect(result.errors.contains(part), "\(words): \(result.errors)")
      #expect(result.errors.filter { $0 == "\n" }.count == 1)
    }
  }
}
