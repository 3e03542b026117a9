import Glibc
import PeerWire

// A connection through a proxy is the peer's once the proxy has been told whom we want and has said
// that it is connected. Until then nothing of ours is sent and nothing of the peer's is read.
extension PeerTransport {
  func greetProxy(_ exchange: ProxyExchange) {
    state = .proxying
    updateInterest()
    sendAtOnce(exchange.opening)
  }

  func readProxy() {
    while state == .proxying, var exchange = proxyExchange {
      var buffer = [UInt8](repeating: 0, count: exchange.wanted)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return endedReading(count) }
      let step: ProxyExchange.Step
      do {
        step = try exchange.take(buffer.prefix(count))
      } catch {
        return end(.proxyRefused(error))
      }
      proxyExchange = exchange
      switch step {
      case .readOn: continue
      case .send(let bytes): sendAtOnce(bytes)
      case .done:
        proxyExchange = nil
        greetPeer()
      }
    }
  }
}
