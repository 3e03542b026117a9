import ChordLogic
import ChordWire
import DeterministicCore
import Networking
import Session
import TorrentModel

extension Verb {
  static let ringStatus = Verb(
    "ring status", "Walks round a ring and shows its nodes.", operands: .none,
    groups: [RingFlags.group],
    details: [
      "Every node is asked for its successors, in the order of the circle. A node that others name "
        + "and that does not answer is shown as gone. --json prints one object."
    ],
    examples: [
      .init("shoal ring status --ring open:harbour --bootstrap 192.0.2.1:6881", "who is there")
    ],
    exitCodes: [.done, .failure, .usage, .noPeers, .incomplete],
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
    let errand = try RingErrand(ring)
    let walk = RingWalk(errand.service)
    try errand.run {
      walk.start { errand.end(.success(())) }
    }
    if console.isJSON {
      console.output.write(walk.json(of: ring.name).text + "\n")
    } else {
      console.output.write(walk.table)
    }
    return .done
  }
}
