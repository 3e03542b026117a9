import ChordLogic
import ChordWire
import Storage
import TorrentModel

/// Where this machine keeps what it shows in closed rings: the key of its nodes and, for each ring,
/// the certificate that the ring's operator signed for it.
struct RingWallet: Sendable {
  /// Files named by flags; nil for the usual ones.
  var certificate: String?
  var nodeKey: String?

  static let nodeKeyFlag = Flag(
    "node-key", .path, "the file of this machine's key, made by 'shoal ring key'",
    fallback: "shoal/node.key in $XDG_STATE_HOME")
  static let certificateFlag = Flag(
    "certificate", .path, "the certificate that the operator of a closed ring gave this machine",
    fallback: "shoal/certificates/RING in $XDG_STATE_HOME")

  static let group = FlagGroup(
    title: "Closed ring", [certificateFlag.outline, nodeKeyFlag.outline])

  init() {}

  init(_ arguments: ParsedArguments) throws(CommandError) {
    certificate = try arguments.value(of: Self.certificateFlag)
    nodeKey = try arguments.value(of: Self.nodeKeyFlag)
  }

  /// What is shown in a ring; nil where it is open.
  func credentials(for ring: RingName) throws(CommandError) -> RingCredentials? {
    guard !ring.isOpen else {
      guard certificate == nil else {
        throw .usage("an open ring wants no --certificate", on: ring.description)
      }
      return nil
    }
    let path = try SigningKey.file(
      certificate, StateFolder.certificate(of: ring), flag: Self.certificateFlag.outline.name)
    let flag = Self.nodeKeyFlag.outline.name
    let keyPath = try SigningKey.file(nodeKey, StateFolder.nodeKey, flag: flag)
    guard let key = try SigningKey(at: keyPath, flag: flag) else {
      throw .usage(
        "the ring is closed, and this machine has no key yet", on: keyPath, remedy: Self.remedy)
    }
    let certificate = try Self.read(path)
    guard UInt64(WallClock.now()) <= certificate.notAfter else {
      throw .usage("the certificate has expired", on: path, remedy: Self.remedy)
    }
    do throws(RingCredentials.Fault) {
      return try RingCredentials(certificate, of: ring, seed: key.seed)
    } catch {
      throw .usage("\(error)", on: path, remedy: Self.remedy)
    }
  }

  private static let remedy =
    "have the ring's operator admit the key that 'shoal ring key' prints, and put what 'shoal ring "
    + "admit' makes there"

  private static func read(_ path: String) throws(CommandError) -> NodeCertificate {
    let bytes: [UInt8]?
    do {
      bytes = try WholeFile.read(at: path, atMost: 1000)
    } catch {
      throw CommandError(error)
    }
    guard let bytes else {
      throw .usage("the ring is closed, and there is no certificate", on: path, remedy: remedy)
    }
    let text = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard text.count == 1, let words = Hexadecimal.decode(text[0]),
      let certificate = NodeCertificate(bytes: words)
    else { throw .usage("not a certificate of a ring", on: path, remedy: remedy) }
    return certificate
  }
}
