import SwarmLogic
import TorrentModel

/// How an announce ended, on its way back to the host that made it.
struct TrackerAnswer {
  let order: AnnounceOrder
  let outcome: AnnounceOutcome
  let peers: [Endpoint]
}
