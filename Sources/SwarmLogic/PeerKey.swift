public import DeterministicCore

/// How decisions name a connected peer: its place in the swarm's slab of peers. Small and dense, so
/// that what is kept for each peer is an array indexed by `slot`, and never reused for a stranger
/// while the generation differs.
public typealias PeerKey = SlabID
