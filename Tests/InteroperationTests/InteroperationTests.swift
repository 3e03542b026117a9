import Foundation
import Testing

/// Real clients in a network namespace; see Scripts/with-namespace.
@Suite(.enabled(if: Arena.network != nil, Comment(rawValue: Arena.whySkipped)))
enum Interoperation {}

extension Interoperation {
  /// Without shoal: what fails here is the harness or the machine.
  @Suite struct Control {
    static let transfers: [Transfer] = [
      Transfer(
        seeder: .aria2, leecher: .libtorrent, source: .torrentFile, payload: .folder,
        tracker: .opentracker),
      Transfer(
        seeder: .libtorrent, leecher: .transmission, source: .magnetLink, payload: .emptyFiles,
        tracker: .opentracker),
      Transfer(
        seeder: .transmission, leecher: .aria2, source: .magnetLink, payload: .oddSize,
        tracker: .opentracker),
    ]

    @Test(arguments: transfers)
    func `other clients exchange a payload among themselves`(transfer: Transfer) async throws {
      do {
        try await transfer.run()
      } catch {
        // Others fail for reasons of their own, too: aria2 was once seen to stand still beside
        // Transmission for as long as it was given, with the metadata and no data.
        try await transfer.run()
      }
    }

    @Test func `a swarm of other clients completes without its seeder`() async throws {
      let swarm = Swarm(
        seeder: .libtorrent, quickest: .aria2, slow: [.libtorrent, .transmission],
        tracker: .opentracker)
      try await swarm.run()
    }
  }

  @Suite struct Transfers {
    /// Every kind of source, payload and tracker between the two.
    static func matrix(from seeder: ClientKind, to leecher: ClientKind) -> [Transfer] {
      Source.allCases.flatMap { source in
        Payload.allCases.flatMap { payload in
          TrackerKind.allCases.map { tracker in
            Transfer(
              seeder: seeder, leecher: leecher, source: source, payload: payload, tracker: tracker)
          }
        }
      }
    }

    @Test(arguments: ClientKind.others.flatMap { matrix(from: $0, to: .shoal) })
    func `shoal fetches what another client seeds`(transfer: Transfer) async throws {
      try await transfer.run()
    }

    @Test(arguments: ClientKind.others.flatMap { matrix(from: .shoal, to: $0) })
    func `another client fetches what shoal seeds`(transfer: Transfer) async throws {
      try await transfer.run()
    }

    @Test(arguments: matrix(from: .shoal, to: .shoal))
    func `shoal fetches what shoal seeds`(transfer: Transfer) async throws {
      try await transfer.run()
    }

    static let introductions = ClientKind.allCases.flatMap { other in
      Source.allCases.flatMap { source in
        [false, true].map { Introduction(other: other, shoalSeeds: $0, source: source) }
      }
    }

    @Test(arguments: introductions)
    func `shoal needs no tracker where it is told of a peer`(
      introduction: Introduction
    ) async throws {
      try await introduction.run()
    }

    static let neighbours = [ClientKind.libtorrent, .shoal].flatMap { other in
      [false, true].map {
        Introduction(other: other, shoalSeeds: $0, source: .torrentFile, herald: .localNetwork)
      }
    }

    // One at a time: all share the same torrent, and would find each other.
    @Test(.serialized, arguments: neighbours)
    func `neighbours find each other without being told`(introduction: Introduction) async throws {
      try await introduction.run()
    }

    static let superSeeds =
      [Introduction(other: .libtorrent, shoalSeeds: false, source: .magnetLink, superSeeds: true)]
      + ClientKind.allCases.flatMap { other in
        Source.allCases.map {
          Introduction(other: other, shoalSeeds: true, source: $0, superSeeds: true)
        }
      }

    @Test(arguments: superSeeds)
    func `a super-seed hands over everything`(introduction: Introduction) async throws {
      try await introduction.run()
    }

    static let exchanges = [
      Exchange(seeder: .shoal, hub: .libtorrent, leecher: .shoal),
      Exchange(seeder: .libtorrent, hub: .shoal, leecher: .libtorrent),
      Exchange(seeder: .shoal, hub: .shoal, leecher: .shoal),
      Exchange(seeder: .shoal, hub: .shoal, leecher: .shoal, isPrivate: true),
    ]

    @Test(arguments: exchanges)
    func `peers that know of one peer learn of each other`(exchange: Exchange) async throws {
      try await exchange.run()
    }

    /// With shoal's seeder and leecher, which are told as little or as much.
    static func encrypted(_ shoal: Encryption, _ others: [(ClientKind, Encryption)]) -> [Transfer] {
      others.flatMap { other, encryption in
        [true, false].map { shoalSeeds in
          Transfer(
            seeder: shoalSeeds ? .shoal : other, leecher: shoalSeeds ? other : .shoal,
            source: .torrentFile, payload: .folder, tracker: .opentracker,
            seederEncryption: shoalSeeds ? shoal : encryption,
            leecherEncryption: shoalSeeds ? encryption : shoal)
        }
      }
    }

    static let forced: [(ClientKind, Encryption)] = [
      (.aria2, .everything), (.aria2, .handshake), (.libtorrent, .everything),
      (.libtorrent, .handshake), (.transmission, .everything),
    ]

    @Test(arguments: encrypted(.preferred, forced + ClientKind.others.map { ($0, .preferred) }))
    func `encryption is preferred, and the other wants it`(transfer: Transfer) async throws {
      try await transfer.run()
    }

    @Test(
      arguments: encrypted(.everything, forced.filter { $0.1 == .everything })
        + encrypted(.everything, ClientKind.others.map { ($0, .preferred) }))
    func `encryption is required, and the other has it`(transfer: Transfer) async throws {
      try await transfer.run()
    }

    @Test(
      arguments: encrypted(.preferred, ClientKind.others.map { ($0, .off) })
        + encrypted(.off, ClientKind.others.map { ($0, .preferred) }))
    func `encryption is wanted at one end only`(transfer: Transfer) async throws {
      try await transfer.run()
    }

    /// Whoever connects may encrypt.
    @Test(arguments: encrypted(.off, forced).filter { $0.seeder == .shoal })
    func `who requires encryption is let in by who asks for none`(transfer: Transfer) async throws {
      try await transfer.run()
    }
  }

  /// BitTorrent v2 (BEP 52). Whoever made it, Transmission 3.00 reads no document with an empty key,
  /// which every file tree has, and aria2 1.36 leaves that key out of the info-hash.
  @Suite struct Version2 {
    static let versions = [Torrent.Version.v2, .hybrid]

    @Test(arguments: versions, Payload.allCases)
    func `shoal and libtorrent make one torrent of one payload`(
      version: Torrent.Version, payload: Payload
    ) async throws {
      try await Arena.run { arena in
        let path = try payload.write(below: try arena.makeFolder("original"))
        if payload == .folder {
          try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: path.appending(path: "z.bin").path)
        }
        let hashes = try await Torrent.infoHashes(of: path, version: version, in: arena)
        #expect(hashes.shoal == hashes.libtorrent)
        #expect(hashes.shoal.count == (version == .v2 ? 1 : 2))
      }
    }

    static let pairs: [(ClientKind, ClientKind)] = [
      (.libtorrent, .shoal), (.shoal, .libtorrent), (.shoal, .shoal),
    ]
    static let transfers = pairs.flatMap { seeder, leecher in
      versions.flatMap { version in
        Source.allCases.map { source in
          Transfer(
            seeder: seeder, leecher: leecher, source: source, payload: .folder,
            tracker: .shoal, version: version)
        }
      }
    }

    /// Who follows a link by the name of version 2 knows no other until it has the metadata, and
    /// hangs up where it is called by that of version 1.
    static let introductions = [ClientKind.libtorrent, .shoal].flatMap { other in
      Source.allCases.flatMap { source in
        [false, true].map {
          Introduction(other: other, shoalSeeds: $0, source: source, version: .hybrid)
        }
      }
    }

    @Test(arguments: introductions)
    func `who knows one name of a hybrid torrent is met under it`(
      introduction: Introduction
    ) async throws {
      try await introduction.run()
    }

    @Test(arguments: transfers)
    func `what is of version 2 arrives`(transfer: Transfer) async throws {
      try await transfer.run()
    }
  }

  @Suite struct Members {
    static let http = ClientKind.others.flatMap { other in
      [(other, ClientKind.shoal), (.shoal, other)].map { seeder, leecher in
        MemberTransfer(seeder: seeder, leecher: leecher, scheme: "http")
      }
    }
    /// The clients that send the path of the URL by UDP, too (BEP 41).
    static let udp = [
      MemberTransfer(seeder: .libtorrent, leecher: .shoal, scheme: "udp"),
      MemberTransfer(seeder: .shoal, leecher: .libtorrent, scheme: "udp"),
    ]

    @Test(arguments: http + udp)
    func `members are credited with what they moved, and refused once revoked`(
      transfer: MemberTransfer
    ) async throws {
      try await transfer.run()
    }
  }

  @Suite struct MixedSwarm {
    static let swarms = ClientKind.allCases.map { quickest in
      Swarm(
        seeder: .shoal, quickest: quickest, slow: ClientKind.allCases.filter { $0 != quickest },
        tracker: .shoal)
    }

    @Test(arguments: swarms)
    func `all four clients complete without the seeder once one copy is out`(
      swarm: Swarm
    ) async throws {
      try await swarm.run()
    }
  }
}
