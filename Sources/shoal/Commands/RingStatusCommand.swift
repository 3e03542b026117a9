import ChordLogic
import ChordWire
import DeterministicCore
import Networking
import Session
import TorrentModel

extension Verb {
  private static let pictureFlag = Flag(
    "svg", .path, "a file for a picture of the ring: arcs, successors, fingers, records")

  static let ringStatus = Verb(
    "ring status", "Walks round a ring and shows its nodes.", operands: .none,
    groups: [
      RingFlags.group, RingWallet.group, FlagGroup(title: "Picture", [pictureFlag.outline]),
    ],
    details: [
      "Every node is asked for its successors, in the order of the circle. A node that others name "
        + "and that does not answer is shown as gone. --json prints one object.",
      "--svg asks each node for the records of its arc, too, to count them, and some for the way to "
        + "far places.",
    ],
    examples: [
      .init("shoal ring status --ring open:harbour --bootstrap 192.0.2.1:6881", "who is there"),
      .init("shoal ring status --ring open:harbour --svg ring.svg", "and what it looks like"),
    ],
    exitCodes: [.done, .failure, .usage, .disk, .noPeers, .incomplete],
    events: [.error],
    object: [
      .init("ring", "name of the ring"),
      .init(
        "nodes",
        "in the order of the circle, each with id, endpoint, state (member or gone), share (of the "
          + "circle) and successors (number)"),
      .init("isWhole", "whether each node's successor is the next node"),
    ]
  ) { arguments, console throws(CommandError) in
    let ring = try RingFlags.required(arguments, by: "ring status")
    let picture = try arguments.value(of: pictureFlag)
    if let picture { try FileContents.checkWritable(picture) }
    let errand = try RingErrand(ring, showing: RingWallet(arguments))
    let walk = RingWalk(errand.service)
    let drawing = Drawing()
    try errand.run {
      walk.start {
        guard picture != nil else { return errand.end(.success(())) }
        let survey = RingSurvey(of: walk.members, through: errand.service)
        drawing.survey = survey
        survey.start { errand.end(.success(())) }
      }
    }
    if let picture, let survey = drawing.survey {
      let svg = walk.picture(of: ring.name, survey.findings).svg
      try FileContents.write(Array(svg.utf8), to: picture)
    }
    if console.isJSON {
      console.output.write(walk.json(of: ring.name).text + "\n")
    } else {
      console.output.write(walk.table)
    }
    return .done
  }

  /// A completion's place for what it made.
  private final class Drawing {
    var survey: RingSurvey?
  }
}

extension RingWalk {
  /// - Parameter findings: of the members, in their order.
  fileprivate func picture(of ring: RingName, _ findings: [RingSurvey.Findings]) -> RingPicture {
    let members = members
    let nodes = zip(members, findings).enumerated().map { place, pair in
      RingPicture.Node(
        contact: pair.0.contact, share: share(of: place, among: members),
        successor: pair.0.successors?.first, fingers: pair.1.fingers, records: pair.1.records,
        hasMoreRecords: pair.1.hasMore)
    }
    return RingPicture(
      ring: ring, members: nodes, gone: self.nodes.filter(\.hasFailed).map(\.contact),
      isWhole: isWhole)
  }
}
