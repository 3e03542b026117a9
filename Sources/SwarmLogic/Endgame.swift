/// When everything has been asked for, and only what was asked of slow peers is missing, waiting
/// for them would hold the whole torrent up: the last blocks are asked of several peers at once,
/// and the first to deliver has the others cancelled (BEP 3).
///
/// What is asked twice may be sent twice, so duplication is bounded on both sides: for a block, and
/// for a peer. A fast peer is also left to work off its own queue first, since what other fast
/// peers have outstanding will be here by then; only a peer that is about to fall idle helps out.
enum Endgame {
  /// The most peers a block is outstanding at.
  static let mostRequests = 4

  /// A peer with this many requests outstanding takes no duplicates: at most this many blocks of
  /// a peer, half a megabyte, are wasted.
  static let deepestQueue = 32
  /// The same in bytes, for blocks longer than 16 KiB.
  static let longestQueue = 512 << 10

  /// The most blocks examined in one search: the next goes on where this one ended, so that
  /// a large endgame costs no more for each arriving block than a small one.
  static let longestSearch = 1024

  /// How many duplicates a peer may take, which has `outstanding` blocks to send.
  static func room(asked: Int, outstanding: Int, blockLength: UInt32) -> Int {
    let deepest = max(1, min(deepestQueue, longestQueue / Int(blockLength)))
    return max(0, min(asked, deepest - outstanding))
  }
}
