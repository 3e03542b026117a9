/// One entry of the fuzzer: what is done with each input, and the inputs to begin with.
///
/// A target fails by trapping. Bytes that the product refuses with an error are no failure; bytes
/// that it takes have to keep the property that the target states.
struct FuzzTarget {
  enum Kind: String {
    /// A function of the input alone.
    case decoder
    /// A sequence of events, decoded from the input, for something that remembers.
    case stateful
  }

  let name: String
  let kind: Kind
  let seeds: [[UInt8]]
  let run: (UnsafeRawBufferPointer) -> Void

  /// A target for a decoder that takes an array.
  static func decoder(
    _ name: String, seeds: [[UInt8]], _ decode: @escaping ([UInt8]) -> Void
  ) -> FuzzTarget {
    FuzzTarget(name: name, kind: .decoder, seeds: seeds) { decode(Array($0)) }
  }

  /// A target for a decoder that takes text; bytes that are no UTF-8 are repaired.
  static func text(
    _ name: String, seeds: [String], _ decode: @escaping (String) -> Void
  ) -> FuzzTarget {
    decoder(name, seeds: seeds.map { Array($0.utf8) }) {
      decode(String(decoding: $0, as: UTF8.self))
    }
  }

  /// A target that reads its events from the input, until there is nothing left of it.
  static func stateful(
    _ name: String, seeds: [[UInt8]] = [], _ play: @escaping (inout FuzzInput) -> Void
  ) -> FuzzTarget {
    FuzzTarget(name: name, kind: .stateful, seeds: seeds + FuzzInput.noise) {
      var input = FuzzInput($0)
      play(&input)
    }
  }

  static var all: [FuzzTarget] {
    bencodings + peerMessages + trackerMessages + requests + texts + ringAndState
      + [trackerSnapshot, sealing]
      + [swarm, hashRequests, chordNode, closedRing, transport, tracker]
      + [announceExchange, httpConnection]
  }

  /// What the fuzzer's callback, which carries no context, runs. Set once before it starts.
  nonisolated(unsafe) static var chosen: (UnsafeRawBufferPointer) -> Void = { _ in }
}

/// Ends the run, in release builds too, with the property that does not hold.
func require(_ holds: Bool, _ property: @autoclosure () -> String) {
  if !holds { fatalError(property()) }
}
