import HTTPWire
import Testing

@Suite("The value of Content-Range")
struct ContentRangeTests {
  @Test func namesTheBytesAndTheWhole() throws {
    let range = try #require(ContentRange(Array("bytes 0-499/1234".utf8)))
    #expect(range.first == 0 && range.last == 499 && range.total == 1234)
    let open = try #require(ContentRange(Array("BYTES 7-7/*".utf8)))
    #expect(open.first == 7 && open.last == 7 && open.total == nil)
  }

  @Test(
    "is nothing where it makes no sense",
    arguments: [
      "", "bytes", "bytes ", "bytes */1234", "bytes 5-4/10", "bytes 0-9/9", "bytes 0-9",
      "bytes -9/10",
      "bytes 0-/10", "bytes 0-9/", "bytes 0-9/x", "items 0-9/10", "bytes 0-9/10 ",
      "bytes 0-99999999999999999999/*", "bytes  0-9/10",
    ])
  func nonsense(value: String) {
    #expect(ContentRange(Array(value.utf8)) == nil)
  }
}
