import Testing
import TorrentModel

@Suite("A proxy")
struct ProxyTests {
  @Test func isAnAddressAPortAndPerhapsAnAccount() throws {
    let plain = try #require(Proxy("socks5://127.0.0.1:9050"))
    #expect(plain.kind == .socks5 && plain.endpoint == Endpoint(.v4(0x7f00_0001), port: 9050))
    #expect(plain.user == nil && plain.password == nil)
    let full = try #require(Proxy("HTTP://me%3a:a:b@[2001:db8::1]:3128/"))
    #expect(full.kind == .http && full.endpoint.port == 3128)
    #expect(full.user == "me:" && full.password == "a:b")
  }

  @Test(
    "is nothing else",
    arguments: [
      "", "socks5://", "socks4://10.0.0.1:1", "10.0.0.1:1", "socks5://host:1080",
      "socks5://10.0.0.1", "socks5://10.0.0.1:0", "socks5://@10.0.0.1:1", "socks5://0.0.0.0:1",
      "http://%zz@10.0.0.1:1",
    ])
  func nonsense(text: String) {
    #expect(Proxy(text) == nil)
  }
}
