// swift-tools-version: 6.2
import PackageDescription

// Each target stands on a floor and may depend on lower floors only; docs/ARCHITECTURE.md draws
// the house, and Tests/ArchitectureTests holds the imports to it.

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// Exclusivity is proven statically wherever a value is held by a struct; the dynamic check that
/// remains for class properties is paid for every access on the data path; debug builds keep it.
let fast: [SwiftSetting] =
  strict + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: fast)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
  name: "shoal",
  products: [.executable(name: "shoal", targets: ["shoal"])],
  targets: [
    // C shims and system libraries
    .target(name: "CHashing", cSettings: [.unsafeFlags(["-O3"])]),
    .target(name: "CLinux"),
    .target(name: "CPrefetch"),
    .systemLibrary(
      name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(
      name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),
    .systemLibrary(
      name: "CIDN2", pkgConfig: "libidn2", providers: [.apt(["libidn2-dev"])]),
    .systemLibrary(
      name: "CMiniUPnP", pkgConfig: "miniupnpc", providers: [.apt(["libminiupnpc-dev"])]),
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(
      name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    // What pkg-config says of it has a flag that SwiftPM refuses, and none that is needed.
    .systemLibrary(name: "CRedis", providers: [.apt(["libhiredis-dev"])]),

    // Floor 0: values; time and randomness as arguments
    module("Bencoding"),
    module("DeterministicCore", ["CPrefetch"]),
    module("Hashing", ["CHashing", "COpenSSL"]),

    // Floor 1: nouns and geometry
    module("TorrentModel", ["Bencoding", "CExpat", "CIDN2", "DeterministicCore", "Hashing"]),

    // Floor 2: bytes to messages and back
    module("ChordWire", ["Bencoding", "Hashing", "TorrentModel"]),
    module("PeerWire", ["Bencoding", "Hashing", "TorrentModel"]),
    module("HTTPWire", ["TorrentModel"]),
    module("TrackerWire", ["Bencoding", "HTTPWire", "Hashing", "TorrentModel"]),

    // Floor 3: decisions
    module(
      "ChordLogic", ["ChordWire", "DeterministicCore", "Hashing", "TorrentModel", "TrackerLogic"]),
    module(
      "SwarmLogic", ["DeterministicCore", "Hashing", "PeerWire", "TorrentModel", "TrackerWire"]),
    module("TrackerLogic", ["DeterministicCore", "Hashing", "TorrentModel", "TrackerWire"]),

    // Floor 4: bytes on sockets, blocks on disks, accounts in a database
    module("Accounts", ["CPostgres", "CSQLite", "TorrentModel", "TrackerLogic"]),
    module(
      "Networking",
      [
        "CCurl", "CLinux", "CMiniUPnP", "CRedis", "DeterministicCore", "HTTPWire", "PeerWire",
        "TorrentModel",
      ]),
    module("Storage", ["Bencoding", "CLinux", "DeterministicCore", "Hashing", "TorrentModel"]),

    // Floor 5: the real clock, sockets and disk brought to the decisions
    module(
      "Session",
      [
        "Accounts", "Bencoding", "CLinux", "ChordLogic", "ChordWire", "DeterministicCore",
        "HTTPWire", "Hashing", "Networking", "PeerWire", "Storage", "SwarmLogic", "TorrentModel",
        "TrackerLogic", "TrackerWire",
      ]),

    // Floor 5, too: virtual time, links and memory brought to the same decisions
    module(
      "Simulator",
      [
        "ChordLogic", "ChordWire", "DeterministicCore", "Hashing", "PeerWire", "SwarmLogic",
        "TorrentModel", "TrackerLogic", "TrackerWire",
      ]
    ),

    // Floor 6: what others see and steer
    module(
      "Control",
      [
        "Accounts", "Bencoding", "DeterministicCore", "HTTPWire", "Networking", "Session",
        "Storage", "TorrentModel", "TrackerLogic",
      ]),

    // Floor 7: arguments, exit codes, what people see
    .executableTarget(
      name: "shoal",
      dependencies: [
        "Accounts", "Bencoding", "CLinux", "ChordLogic", "ChordWire", "Control",
        "DeterministicCore", "HTTPWire", "Hashing", "Networking", "Session", "Simulator", "Storage",
        "SwarmLogic", "TorrentModel", "TrackerLogic",
        "TrackerWire",
      ],
      swiftSettings: fast),

    tests(
      "AccountsTests",
      ["Accounts", "DeterministicCore", "TorrentModel", "TrackerLogic", "TrackerWire"]),
    tests("ArchitectureTests", []),
    tests("BencodingTests", ["Bencoding", "DeterministicCore"]),
    tests(
      "ChordLogicTests",
      ["ChordLogic", "ChordWire", "DeterministicCore", "Hashing", "TorrentModel", "TrackerLogic"]),
    tests("ChordWireTests", ["Bencoding", "ChordWire", "DeterministicCore", "TorrentModel"]),
    tests(
      "CommandLineTests",
      ["ChordWire", "DeterministicCore", "Hashing", "SwarmLogic", "TorrentModel", "shoal"]),
    tests("DeterministicCoreTests", ["DeterministicCore"]),
    tests("HTTPWireTests", ["DeterministicCore", "HTTPWire"]),
    tests("HashingTests", ["Hashing"]),
    tests("InteroperationTests", []),
    tests(
      "NetworkingTests",
      ["CLinux", "DeterministicCore", "HTTPWire", "Networking", "PeerWire", "TorrentModel"]),
    tests(
      "PeerWireTests", ["Bencoding", "DeterministicCore", "Hashing", "PeerWire", "TorrentModel"]),
    tests(
      "SessionTests",
      [
        "ChordWire", "DeterministicCore", "HTTPWire", "Hashing", "Networking", "PeerWire",
        "Session", "Storage", "SwarmLogic", "TorrentModel", "TrackerLogic", "TrackerWire",
      ]),
    tests(
      "SimulatorTests",
      ["DeterministicCore", "PeerWire", "Simulator", "SwarmLogic", "TorrentModel"]),
    tests("StorageTests", ["CLinux", "DeterministicCore", "Hashing", "Storage", "TorrentModel"]),
    tests(
      "SwarmLogicTests",
      ["DeterministicCore", "Hashing", "PeerWire", "SwarmLogic", "TorrentModel", "TrackerWire"]),
    tests("TorrentModelTests", ["Bencoding", "DeterministicCore", "Hashing", "TorrentModel"]),
    tests(
      "TrackerLogicTests",
      ["DeterministicCore", "Hashing", "TorrentModel", "TrackerLogic", "TrackerWire"]),
    tests("TrackerWireTests", ["DeterministicCore", "HTTPWire", "TorrentModel", "TrackerWire"]),
  ],
  swiftLanguageModes: [.v6]
)

// The fuzz entries are a build of their own, with every module instrumented: `make fuzz`.
if Context.environment["SHOAL_FUZZING"] != nil {
  package.targets.append(
    .executableTarget(
      name: "Fuzz",
      dependencies: [
        "Bencoding", "CLinux", "ChordLogic", "ChordWire", "DeterministicCore", "HTTPWire",
        "Hashing",
        "Networking", "PeerWire", "Storage", "SwarmLogic", "TorrentModel", "TrackerLogic",
        "TrackerWire",
      ],
      path: "Fuzzing/Fuzz", swiftSettings: strict))
}
