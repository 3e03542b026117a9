import ChordLogic
import ChordWire
import DeterministicCore

/// A node of a ring with the timer that wakes it. A class, since a node stays where it is.
final class RingSeat {
  var node: ChordNode
  var timer: SlabID?

  init(_ node: consuming ChordNode) { self.node = node }

  var contact: Contact { node.own }
}
