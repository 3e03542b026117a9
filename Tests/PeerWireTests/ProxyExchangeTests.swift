import PeerWire
import Testing
import TorrentModel

@Suite("What is said to a proxy")
struct ProxyExchangeTests {
  private static let four = Endpoint(.v4(0x0102_0304), port: 0x1ae1)
  private static let six = Endpoint(.v6(high: 0x2001_0db8_0000_0000, low: 1), port: 80)

  /// Hands the proxy's bytes over as they are wanted; what was said meanwhile, and what is left.
  private func play(
    _ proxy: String, to target: Endpoint, answers: [UInt8]
  ) throws -> (said: [[UInt8]], isDone: Bool, rest: Int) {
    var exchange = ProxyExchange(try #require(Proxy(proxy)), to: target)
    var said = [exchange.opening]
    var rest = answers[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(exchange.wanted))
      rest = rest.dropFirst(part.count)
      switch try exchange.take(part) {
      case .send(let bytes): said.append(bytes)
      case .readOn: continue
      case .done: return (said, true, rest.count)
      }
    }
    return (said, false, 0)
  }

  @Test func isSOCKSAsRFC1928HasIt() throws {
    let answers: [UInt8] = [5, 0] + [5, 0, 0, 1, 10, 0, 0, 1, 4, 56] + Array("peer".utf8)
    let (said, isDone, rest) = try play("socks5://10.0.0.1:1080", to: Self.four, answers: answers)
    #expect(said == [[5, 1, 0], [5, 1, 0, 1, 1, 2, 3, 4, 0x1a, 0xe1]])
    #expect(isDone && rest == 4)
  }

  @Test func namesIPv6AndTakesAnswersThatNameHosts() throws {
    let answers: [UInt8] = [5, 0] + [5, 0, 0, 3, 2, 0x61, 0x62, 0, 80] + [1]
    let (said, isDone, rest) = try play("socks5://10.0.0.1:1080", to: Self.six, answers: answers)
    #expect(said[1] == [5, 1, 0, 4] + Self.six.compact)
    #expect(isDone && rest == 1)
  }

  @Test func logsInAsRFC1929HasIt() throws {
    let answers: [UInt8] = [5, 2, 1, 0] + [5, 0, 0, 4] + Array(repeating: 0, count: 18)
    let (said, isDone, _) = try play(
      "socks5://me:w%40rd@10.0.0.1:1080", to: Self.four, answers: answers)
    #expect(said[0] == [5, 2, 0, 2])
    #expect(said[1] == [1, 2] + Array("me".utf8) + [4] + Array("w@rd".utf8))
    #expect(isDone)
  }

  @Test func isAConnectOverHTTP() throws {
    let answers = Array("HTTP/1.1 200 Connection established\r\nX: y\r\n\r\npeer".utf8)
    let (said, isDone, rest) = try play(
      "http://me:word@10.0.0.1:3128", to: Self.six, answers: answers)
    let lines = String(decoding: said[0], as: UTF8.self)
    #expect(lines.hasPrefix("CONNECT [2001:db8::1]:80 HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n"))
    #expect(lines.contains("\r\nProxy-Authorization: Basic bWU6d29yZA==\r\n"))
    #expect(isDone && rest == 4)
  }

  @Test(
    "ends where the proxy will not",
    arguments: [
      ("socks5", [4, 0]), ("socks5", [5, 255]), ("socks5", [5, 2]),
      ("socks5", [5, 0, 5, 5, 0, 1, 0]),
      ("socks5", [5, 0, 5, 0, 0, 9, 0]), ("http", Array("SSH-2.0-x\r\n\r\n".utf8)),
      ("http", Array("HTTP/1.1 407 No\r\n\r\n".utf8)), ("http", Array("\r\n\r\n".utf8)),
      ("http", Array(repeating: 0x61, count: 5000)),
    ] as [(String, [UInt8])])
  func refusals(scheme: String, answers: [UInt8]) {
    #expect {
      try play("\(scheme)://10.0.0.1:1080", to: Self.four, answers: answers)
    } throws: { error in
      if case .proxyRefused = error as? PeerWireError { true } else { false }
    }
  }
}
