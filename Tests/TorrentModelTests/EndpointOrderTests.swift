import DeterministicCore
import Testing
import TorrentModel

/// Against the bytes themselves, of words close to each other so that all of them count.
@Test(arguments: 1...20)
func `endpoints are ordered as their compact forms are`(seed: UInt64) {
  var generator = SeededGenerator(seed: seed)
  let endpoints = (0..<60).map { _ in
    let word = UInt32(0x0102_0304) &+ UInt32(generator.below(2))
    let port = UInt16(0x0506 + generator.below(2))
    if generator.below(2) == 0 { return Endpoint(.v4(word), port: port) }
    let high = UInt64(word) << 32 | UInt64(0x0506 + generator.below(2)) << 16
    return Endpoint(
      .v6(high: high | UInt64(generator.below(2)), low: UInt64(generator.below(2))), port: port)
  }
  for one in endpoints {
    for other in endpoints {
      #expect(
        (one < other) == one.compact.lexicographicallyPrecedes(other.compact), "\(one), \(other)")
    }
  }
}
