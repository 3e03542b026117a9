public import ChordWire

/// Checks ed25519 signatures (RFC 8032); how is the affair of a higher floor.
public protocol SignatureVerifier: Sendable {
  func isValid(_ signature: Signature, of bytes: [UInt8], by key: PublicKey) -> Bool
}
