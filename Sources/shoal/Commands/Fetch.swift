import DeterministicCore
import Glibc
import Networking
import TorrentModel

/// What is behind an http or https URL.
///
/// - Parameters:
///   - name: what errors call it, where the URL has a key in it.
///   - longest: bytes.
///   - proxy: what the request goes through, if anything.
///   - origin: who gave the URL.
///   - receiver: takes the body as it comes, if anything.
func fetch(
  _ url: String, shownAs name: String, longest: Int, through proxy: Proxy? = nil,
  namedBy origin: RequestOrigin = .user, into receiver: (any HTTPBodyReceiver)? = nil
) throws(CommandError) -> (status: Int, body: [UInt8], server: Endpoint) {
  Reactor.ignoreBrokenPipes()
  let outcome: HTTPOutcome?
  do {
    let reactor = try Reactor()
    try reactor.onSignals([SIGINT, SIGTERM]) { [weak reactor] _ in reactor?.stop() }
    let client = HTTPClient(on: reactor, through: proxy)
    var fetch = HTTPFetch(url: url, namedBy: origin)
    fetch.longestBody = longest
    fetch.deadline = .minutes(5)
    let arrived = Arrival()
    client.get(fetch, into: receiver) {
      arrived.outcome = $0
      reactor.stop()
    }
    try reactor.run()
    outcome = arrived.outcome
  } catch {
    throw CommandError(.failure, "\(error)", on: name)
  }
  switch outcome {
  case .response(let status, let body, let server):
    return (status, body, server)
  case nil:
    throw CommandError(
      .incomplete, "interrupted while it was fetched", on: name,
      remedy: "run the same command again")
  case .failed(let reason):
    throw CommandError(.failure, reason, on: name, remedy: "check the URL and the connection")
  }
}

/// Where a completion leaves what it was given: nothing, if an interrupt came before it.
private final class Arrival {
  var outcome: HTTPOutcome?
}
