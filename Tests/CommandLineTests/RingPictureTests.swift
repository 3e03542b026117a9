import ChordWire
import Testing
import TorrentModel

@testable import shoal

@Suite("The picture of a ring") struct RingPictureTests {
  private func contact(_ place: Double, _ number: Int) -> Contact {
    Contact(
      Identifier(high: UInt32(place * 4_294_967_296), middle: 0, low: 0),
      Endpoint(.v4(0xc000_0201 + UInt32(number)), port: 6881))
  }

  private func picture(of places: [Double], gone: [Double] = []) -> RingPicture {
    let contacts = places.enumerated().map { contact($1, $0) }
    let nodes = contacts.indices.map { place in
      let before = place == 0 ? places[places.count - 1] - 1 : places[place - 1]
      return RingPicture.Node(
        contact: contacts[place], share: places[place] - before,
        successor: contacts[(place + 1) % contacts.count],
        fingers: [contacts[(place + contacts.count / 2) % contacts.count]], records: place)
    }
    return RingPicture(
      ring: RingName(word: "test"), members: nodes,
      gone: gone.enumerated().map { contact($1, 100 + $0) }, isWhole: gone.isEmpty)
  }

  private func count(_ part: String, in text: String) -> Int {
    text.components(of: part)
  }

  @Test("has an arc, a dot and a line for each node, and a bar for who keeps records")
  func parts() {
    let svg = picture(of: [0.1, 0.3, 0.5, 0.9], gone: [0.7]).svg
    #expect(count("<path class=\"arc", in: svg) == 4)
    #expect(count("<circle class=\"node\"", in: svg) == 4)
    #expect(count("<path class=\"successor\"", in: svg) == 4)
    #expect(count("<path class=\"finger\"", in: svg) == 4)
    #expect(count("<line class=\"bar\" x1", in: svg) == 3 + 1, "three, and one in the legend")
    #expect(count("<circle class=\"gone\"", in: svg) == 1)
    #expect(svg.contains("4 nodes, mending, 1 gone, 6 records"))
    #expect(svg.contains("192.0.2.4:6881: 40.0 % of the circle"))
    // A quarter of the way round from the top is at the right.
    let quarter = picture(of: [0.25, 0.75]).svg
    #expect(quarter.contains("<circle class=\"node\" cx=\"710.0\" cy=\"480.0\""))
  }

  @Test("shows a node that is alone as a whole circle, and many without addresses")
  func extremes() {
    let alone = picture(of: [0.4]).svg
    #expect(count("<circle class=\"arc\"", in: alone) == 1)
    #expect(count("<path class=\"successor\"", in: alone) == 0)
    let many = picture(of: (0..<200).map { Double($0) / 200 }).svg
    #expect(count("<path class=\"arc", in: many) == 200)
    #expect(!many.contains("class=\"label\" transform"))
    #expect(!many.contains("nan") && !many.contains("inf"))
  }
}

extension String {
  fileprivate func components(of part: String) -> Int {
    var (count, rest) = (0, self[...])
    while let range = rest.firstRange(of: part) {
      count += 1
      rest = rest[range.upperBound...]
    }
    return count
  }
}
