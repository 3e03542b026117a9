public import ChordWire
import Hashing
public import TorrentModel

/// What a node of a closed ring shows to others, and the key it signs with.
public struct RingCredentials: Sendable {
  public let ring: RingName
  public let certificate: NodeCertificate
  let seed: [UInt8]

  public enum Fault: Error, Hashable, Sendable, CustomStringConvertible {
    case foreignRing
    case foreignKey

    public var description: String {
      switch self {
      case .foreignRing: "the certificate is not signed by this ring's operator"
      case .foreignKey: "the certificate is of another node's key"
      }
    }
  }

  /// - Parameter seed: the node's private key of ed25519.
  /// - Throws: unless the certificate is the ring's and the key's.
  public init(
    _ certificate: NodeCertificate, of ring: RingName, seed: [UInt8]
  ) throws(Fault) {
    guard !ring.isOpen, certificate.isSigned(by: ring.key) else { throw .foreignRing }
    guard Ed25519.publicKey(of: seed) == certificate.key.bytes else { throw .foreignKey }
    self.ring = ring
    self.certificate = certificate
    self.seed = seed
  }
}

extension NodeCertificate {
  public func isSigned(by operatorKey: [UInt8]) -> Bool {
    Ed25519.isValid(signature.bytes, of: signedBytes(by: operatorKey), by: operatorKey)
  }

  /// Signs what stands in it as the operator.
  ///
  /// - Parameter seed: the operator's private key of ed25519.
  /// - Returns: nil unless that has 32 bytes.
  public func signed(with seed: [UInt8]) -> NodeCertificate? {
    guard let operatorKey = Ed25519.publicKey(of: seed),
      let signature = Ed25519.sign(signedBytes(by: operatorKey), with: seed)
        .flatMap({ Signature($0) })
    else { return nil }
    var certificate = self
    certificate.signature = signature
    return certificate
  }

  /// Where the operator has a key stand: always at the same place, and at one that nobody foresees
  /// who tries keys.
  public static func place(of key: PublicKey, seed: [UInt8]) -> Identifier {
    let bytes = Array("shoal ring place".utf8) + seed + key.bytes
    return Identifier(SHA256.hash(bytes).truncated)
  }

  /// Where a virtual node stands: the first where the operator says, the others by a hash of that.
  ///
  /// - Precondition: `number` is in 0..<8.
  public func place(_ number: Int) -> Identifier {
    precondition(
      (0..<Identifier.mostNodesPerEndpoint).contains(number), "one of eight nodes of an endpoint")
    guard number > 0 else { return id }
    return Identifier(SHA1.hash(id.bytes + key.bytes + [UInt8(number)]))
  }

  /// Whether a member that shows this certificate may stand there.
  public func admits(_ id: Identifier) -> Bool {
    roles.contains(.member)
      && (0..<Identifier.mostNodesPerEndpoint).contains { place($0) == id }
  }
}
