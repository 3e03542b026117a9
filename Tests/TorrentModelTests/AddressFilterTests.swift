import DeterministicCore
import Testing

@testable import TorrentModel

@Suite("A filter of addresses")
struct AddressFilterTests {
  private func filter(_ text: String) throws -> AddressFilter {
    guard case .filter(let filter) = AddressFilter.read(Array(text.utf8)) else {
      throw PeculiarLine()
    }
    return filter
  }

  private struct PeculiarLine: Error {}

  private func address(_ text: String) throws -> Address { try #require(Address(text: text)) }

  @Test(
    "blocks from the first to the last address",
    arguments: [
      "Some: words, and a-dash:192.0.2.16-192.0.2.31", "192.0.2.16-192.0.2.31",
      "192.000.002.016 - 192.000.002.031 , 000 , Some words", "192.0.2.16 - 192.0.2.31,100",
      "192.0.2.16/28\r", "  192.0.2.23/28  ",
      "# words\n\n; words\n// words\nx:192.0.2.24-192.0.2.31\n192.0.2.16/29\n192.0.2.20",
    ])
  func blocking(text: String) throws {
    let filter = try filter(text)
    #expect(filter.count == 1)
    for blocked in ["192.0.2.16", "192.0.2.20", "192.0.2.31"] {
      #expect(filter.blocks(try address(blocked)))
    }
    for free in ["192.0.2.15", "192.0.2.32", "0.0.0.0", "255.255.255.255", "2001:db8::1"] {
      #expect(!filter.blocks(try address(free)))
    }
  }

  @Test func knowsBothFamilies() throws {
    let filter = try filter("2001:db8::/33\n2001:db8:ffff::1 - 2001:db8:ffff::3\n::1\n0.0.0.0/0")
    #expect(filter.count == 4)
    for blocked in ["2001:db8:7fff::", "2001:db8:ffff::2", "::1", "1.2.3.4", "255.255.255.255"] {
      #expect(filter.blocks(try address(blocked)))
    }
    for free in ["2001:db8:8000::", "2001:db8:ffff::4", "2001:db8:ffff::", "::2"] {
      #expect(!filter.blocks(try address(free)))
    }
    #expect(try self.filter("::/0").blocks(try address("ffff::1")))
  }

  @Test func passesOverWhatADatLineAllows() throws {
    #expect(try filter("192.0.2.0 - 192.0.2.255 , 128 , a friend").count == 0)
    #expect(try filter("192.0.2.0 - 192.0.2.255 , 127 , no friend").count == 1)
    #expect(try filter("").count == 0)
  }

  @Test(
    "takes no file in which a line is something else",
    arguments: [
      "words", "words:", "192.0.2.0/33", "192.0.2.256", "192.0.2", "192.0.2.0.1",
      "192.0.2.9-192.0.2.1",
      "192.0.2.0-2001:db8::1", "2001:db8::/129", "192.0.2.0 words",
      "192.0.2.0-192.0.2.1 , x", "192.0.2.0/", "<html>", "words:192.0.2.0-192.0.2.1 more",
      "192.0.2.0-", "0192.0.2.0",
    ])
  func nonsense(line: String) {
    #expect(AddressFilter.read(Array("192.0.2.0\n\(line)\n".utf8)) == .unreadable(line: 2))
  }

  /// Against a look through all ranges.
  @Test(arguments: 0..<20)
  func findsWhatIsThere(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let ranges = (0..<60).map { _ in
      let first = UInt32(generator.below(2000))
      return first...first + UInt32(generator.below(40))
    }
    let filter = AddressFilter(v4: ranges, v6: [])
    for word in UInt32(0)..<2100 {
      #expect(filter.blocks(.v4(word)) == ranges.contains { $0.contains(word) })
    }
  }
}
