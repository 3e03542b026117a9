import HTTPWire
import Testing

@Suite("The Range of a request")
struct ByteRangeTests {
  @Test(
    "is a part of the document",
    arguments: [
      ("bytes=0-0", 0..<1), ("bytes=10-19", 10..<20), ("bytes=90-", 90..<100),
      ("bytes=90-500", 90..<100), ("bytes=-10", 90..<100), ("bytes=-500", 0..<100),
      ("BYTES=0-", 0..<100),
    ] as [(String, Range<UInt64>)])
  func parts(value: String, part: Range<UInt64>) {
    #expect(ByteRange(value, of: 100) == .part(part))
  }

  @Test("may lie beyond it", arguments: ["bytes=100-", "bytes=100-200", "bytes=-0"])
  func beyond(value: String) {
    #expect(ByteRange(value, of: 100) == .unsatisfiable)
  }

  @Test(
    "is ignored where it is none, or several",
    arguments: [
      nil, "", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "items=0-1", "bytes=0-1,5-6",
      "bytes=+1-2", "bytes=99999999999999999999-",
    ] as [String?])
  func ignored(value: String?) {
    #expect(ByteRange(value, of: 100) == .whole)
  }

  @Test func nothingLiesInAnEmptyDocument() {
    #expect(ByteRange("bytes=0-", of: 0) == .unsatisfiable)
    #expect(ByteRange("bytes=-1", of: 0) == .unsatisfiable)
  }
}
