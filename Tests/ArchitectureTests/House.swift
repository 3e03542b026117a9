/// The floors of the house: a module may import modules of lower floors, and nothing else.
/// docs/ARCHITECTURE.md draws the same table.
enum House {
  /// Shims and system libraries, below every floor.
  static let basement: Set<String> = [
    "CCurl", "CExpat", "CHashing", "CIDN2", "CLinux", "CMiniUPnP", "COpenSSL", "CPostgres",
    "CPrefetch", "CRedis", "CSQLite",
  ]

  static let floors: [[String]] = [
    ["Bencoding", "DeterministicCore", "Hashing"],
    ["TorrentModel"],
    ["ChordWire", "HTTPWire", "PeerWire", "TrackerWire"],
    ["ChordLogic", "SwarmLogic", "TrackerLogic"],
    ["Accounts", "Networking", "Storage"],
    ["Session", "Simulator"],
    ["Control"],
    ["shoal"],
  ]

  /// Imports between neighbours on one floor, each with its reason.
  static let neighbours: [String: Set<String>] = [
    // A tracker's announce is an HTTP request; the codec below it knows nothing of trackers.
    "TrackerWire": ["HTTPWire"],
    // A ring is a tracker cut into arcs: its nodes keep peers in the tracker's store.
    "ChordLogic": ["TrackerLogic"],
  ]

  /// The highest floor on which everything is a function of its arguments.
  static let highestPureFloor = 3

  /// Modules above it that are functions of their arguments all the same.
  static let pureModules: Set<String> = ["Simulator"]

  /// Shims that compute and nothing else, which the pure floors may use.
  static let pureShims: Set<String> = ["CExpat", "CHashing", "CIDN2", "COpenSSL", "CPrefetch"]

  /// Modules of the toolchain that the pure floors may use.
  static let pureLibraries: Set<String> = ["Builtin", "Swift", "Synchronization"]

  /// What would make the pure floors depend on more than their arguments.
  static let impureWords = [
    "await", ".random(", ".randomElement(", ".shuffled()", ".shuffle()", "Date()", "#if",
    "ContinuousClock", "SuspendingClock", "SystemRandomNumberGenerator",
  ]

  /// Longer files hold more than one concept.
  static let longestFile = 400

  static func floor(of module: String) -> Int? {
    floors.firstIndex { $0.contains(module) }
  }
}
