import Networking
import SwarmLogic
import TorrentModel

// Web seeds: the swarm says which pieces, a `WebSeedFetch` brings them.
extension TorrentRunner {
  /// Tells the swarm of the servers that the source and the user name.
  func openWebSeeds() {
    var seen: [WebSeed] = []
    let named = options.webSeeds.compactMap { WebSeed($0) } + source.webSeeds
    for seed in named where !seen.contains(seed) { seen.append(seed) }
    guard !seen.isEmpty, !options.isReadOnly else { return }
    webSeeds = seen
    tell(.webSeeds(seen.count))
  }

  /// What the user typed may stand in the source as well.
  func origin(of seed: WebSeed) -> RequestOrigin {
    options.webSeeds.contains(seed.url) ? .user : options.origin
  }

  func fetch(_ key: PeerKey, _ number: Int, _ pieces: Range<Int>) {
    guard let info, phase != .stopped else { return }
    let fetch = WebSeedFetch(
      pieces, of: webSeeds[number], for: key, info, runner: self, http: session.http)
    fetches.append(fetch)
    fetch.start()
  }

  /// A fetch has come to its end.
  func finish(_ fetch: WebSeedFetch, _ outcome: FetchOutcome) {
    fetches.removeAll { $0 === fetch }
    tell(.fetched(fetch.key, outcome))
  }

  /// Nothing of what is fetched is wanted any more.
  func endFetch(_ key: PeerKey) {
    for fetch in fetches where fetch.key == key { fetch.cancel() }
    fetches.removeAll { $0.key == key }
  }

  /// Takes a block that lies in memory of its sender's.
  func land(_ bytes: [UInt8], at block: Block, from key: PeerKey) {
    guard swarm.isWanted(block, from: key), let place = place(of: block) else {
      return tell(.discarded(block, from: key))
    }
    bytes.withUnsafeBytes {
      if let source = $0.baseAddress { place.copyMemory(from: source, byteCount: $0.count) }
    }
    tell(.landed(block, from: key))
  }

  func note(_ seed: WebSeed, failed reason: String) {
    report(.webSeed(WebSeedReport(url: seed.redacted, problem: reason)))
  }
}
