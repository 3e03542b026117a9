import Bencoding

/// What an extension message starts with (BEP 10): one bencoded value, and where it ends.
struct ExtensionPayload {
  let value: BencodeValue
  /// Offset of the first byte behind the value.
  let end: Int

  init(_ payload: [UInt8]) throws(PeerWireError) {
    do {
      let decoded = try BencodeDecoder(limits: .message).decodePrefix(payload)
      value = decoded.value
      end = decoded.end
    } catch {
      throw .badExtensionMessage("\(error)")
    }
  }
}
