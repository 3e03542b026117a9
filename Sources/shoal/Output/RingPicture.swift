import ChordLogic
import ChordWire
import Glibc
import TorrentModel

/// A ring as a picture: each node at its place, the arc it answers for, a bar for the records it
/// keeps there, and lines to its successor and its fingers. Colours follow the reader's light or dark
/// setting.
struct RingPicture {
  struct Node {
    var contact: Contact
    /// The part of the circle it answers for, 0...1.
    var share: Double
    var successor: Contact?
    var fingers: [Contact] = []
    /// Records of its own arc; nil where it did not say.
    var records: Int?
    var hasMoreRecords = false
  }

  let ring: RingName
  /// In the order of the circle.
  let members: [Node]
  /// Named by others, and silent.
  let gone: [Contact]
  let isWhole: Bool

  private static let (size, center, radius, longestBar) = (880.0, 440.0, 270.0, 70.0)
  /// Nodes beside which there is room for their addresses.
  private static let mostLabelled = 40
  /// Turns between two addresses that can both be read.
  private static let labelSpace = 0.008

  var svg: String {
    let total = members.reduce(0) { $0 + ($1.records ?? 0) }
    let hasMore = members.contains(where: \.hasMoreRecords)
    let subtitle =
      "\(Format.count(members.count, "node")), \(isWhole ? "whole" : "mending")"
      + (gone.isEmpty ? "" : ", \(gone.count) gone")
      + ", \(hasMore ? "over " : "")\(Format.count(total, "record"))"
    let body = fingerLines + successorLines + arcs + bars + dots
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 880 940" role="img" \
      aria-label="\(ring): \(subtitle)">
      <style>
      svg { background: #fff; color: #1b1f24; font: 12px system-ui, sans-serif; }
      text { fill: currentColor; } .title { font-size: 15px; font-weight: 600; }
      .label, .subtitle, .legend { opacity: .75; } .label { font-size: 10px; }
      .arc { fill: none; stroke: #0b62c4; stroke-width: 9; }
      .arc.odd { stroke: #7fb0e6; }
      .bar { stroke: #b35900; stroke-width: 6; }
      .successor { fill: none; stroke: #1a7f37; stroke-width: 1.6; }
      .finger { fill: none; stroke: #8250df; stroke-width: 1; opacity: .45; }
      .node { fill: #1b1f24; } .gone { fill: none; stroke: #c4210b; stroke-width: 1.5; }
      @media (prefers-color-scheme: dark) {
        svg { background: #11151a; color: #e6edf3; }
        .arc { stroke: #6cb0ff; } .arc.odd { stroke: #2f5f95; } .bar { stroke: #ffa94d; }
        .successor { stroke: #4fd16f; } .finger { stroke: #c9a6ff; } .node { fill: #e6edf3; }
        .gone { stroke: #ff7b6b; }
      }
      </style>
      \(text(24, 30, "\(ring)", "title"))
      \(text(24, 50, subtitle, "subtitle"))
      \(body)\(legend)
      </svg>

      """
  }

  // MARK: Places

  /// Clockwise from the top, in turns.
  private func turn(_ id: Identifier) -> Double {
    Identifier(high: 0, middle: 0, low: 0).distance(to: id).fraction
  }

  private func point(_ turn: Double, _ radius: Double) -> (x: Double, y: Double) {
    let angle = turn * 2 * .pi
    return (
      round(Self.center + radius * sin(angle)), round(Self.center + 40 - radius * cos(angle))
    )
  }

  /// To a tenth of a pixel.
  private func round(_ number: Double) -> Double { (number * 10).rounded() / 10 }

  // MARK: Parts

  private var arcs: String {
    members.enumerated().map { place, node in
      let end = turn(node.contact.id)
      // A gap on each side, but never more than the arc.
      let gap = min(0.001, node.share / 4)
      let style = place.isMultiple(of: 2) ? "arc" : "arc odd"
      let percent = (node.share * 1000).rounded() / 10
      let title = "<title>\(node.contact.endpoint): \(percent) % of the circle</title>"
      guard node.share < 1 else {
        let middle = point(0, 0)
        return "<circle class=\"\(style)\" cx=\"\(middle.x)\" cy=\"\(middle.y)\" "
          + "r=\"\(Self.radius)\">\(title)</circle>\n"
      }
      let from = point(end - node.share + gap, Self.radius)
      let to = point(end - gap, Self.radius)
      return "<path class=\"\(style)\" d=\"M\(from.x) \(from.y) A\(Self.radius) \(Self.radius) 0 "
        + "\(node.share - 2 * gap > 0.5 ? 1 : 0) 1 \(to.x) \(to.y)\">\(title)</path>\n"
    }.joined()
  }

  /// Outside of the middle of each arc, as long as the node has records, against the one with most.
  private var bars: String {
    let most = members.compactMap(\.records).max() ?? 0
    guard most > 0 else { return "" }
    return members.map { node in
      guard let records = node.records, records > 0 else { return "" }
      let middle = turn(node.contact.id) - node.share / 2
      let from = point(middle, Self.radius + 8)
      let length = Self.longestBar * Double(records) / Double(most)
      let to = point(middle, Self.radius + 8 + length)
      return "<line class=\"bar\" x1=\"\(from.x)\" y1=\"\(from.y)\" x2=\"\(to.x)\" y2=\"\(to.y)\">"
        + "<title>\(node.contact.endpoint): \(node.hasMoreRecords ? "over " : "")"
        + "\(Format.count(records, "record"))</title></line>\n"
    }.joined()
  }

  private var successorLines: String {
    members.map { node in
      guard let successor = node.successor, successor.id != node.contact.id else { return "" }
      return curve(from: node.contact, to: successor, "successor", bend: 0.3)
    }.joined()
  }

  private var fingerLines: String {
    members.map { node in
      node.fingers.filter { $0.id != node.contact.id && $0.id != node.successor?.id }
        .map { curve(from: node.contact, to: $0, "finger", bend: 1) }.joined()
    }.joined()
  }

  /// - Parameter bend: how far the line is drawn to the centre, the more the longer it is.
  private func curve(
    from: Contact, to: Contact, _ style: String, bend: Double
  ) -> String {
    let start = turn(from.id)
    var span = turn(to.id) - start
    if span < 0 { span += 1 }
    let inner = Self.radius - 12
    let (first, last) = (point(start, inner), point(start + span, inner))
    let middle = point(start + span / 2, inner * (cos(span * .pi) - bend * min(span, 1 - span)))
    return "<path class=\"\(style)\" d=\"M\(first.x) \(first.y) Q\(middle.x) \(middle.y) "
      + "\(last.x) \(last.y)\"/>\n"
  }

  private var dots: String {
    var text = ""
    var lastLabel = -1.0
    for node in members {
      let turn = turn(node.contact.id)
      let place = point(turn, Self.radius)
      text +=
        "<circle class=\"node\" cx=\"\(place.x)\" cy=\"\(place.y)\" r=\"4.5\">"
        + "<title>\(node.contact.endpoint)</title></circle>\n"
      guard members.count <= Self.mostLabelled, turn - lastLabel > Self.labelSpace else { continue }
      lastLabel = turn
      text += label(node.contact)
    }
    for contact in gone {
      let place = point(turn(contact.id), Self.radius + 4)
      text +=
        "<circle class=\"gone\" cx=\"\(place.x)\" cy=\"\(place.y)\" r=\"6\">"
        + "<title>\(contact.endpoint): gone</title></circle>\n"
    }
    return text
  }

  private func label(_ contact: Contact) -> String {
    let turn = turn(contact.id)
    let place = point(turn, Self.radius + 14)
    let isRight = turn < 0.5
    // Along the radius, and never upside down.
    let angle = round(turn * 360 - (isRight ? 90 : 270))
    return "<text class=\"label\" transform=\"translate(\(place.x) \(place.y)) rotate(\(angle))\" "
      + "dy=\"3\" text-anchor=\"\(isRight ? "start" : "end")\">\(contact.endpoint)</text>\n"
  }

  private var legend: String {
    var text = ""
    let entries = [
      ("arc", "what a node answers for"), ("bar", "records of it"),
      ("successor", "successor"), ("finger", "fingers"),
    ]
    for (place, (style, name)) in entries.enumerated() {
      let start = 24.0 + Double(place) * 210
      text +=
        "<line class=\"\(style)\" x1=\"\(start)\" y1=\"916\" x2=\"\(start + 26)\" y2=\"916\"/>"
      text += self.text(start + 34, 920, name, "legend")
    }
    return text
  }

  private func text(_ x: Double, _ y: Double, _ content: String, _ style: String) -> String {
    "<text class=\"\(style)\" x=\"\(x)\" y=\"\(y)\">\(content)</text>"
  }
}
