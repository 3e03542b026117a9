import DeterministicCore
import Hashing
import Testing
import TorrentModel

@testable import TrackerLogic

private let key = SipHash.Key(low: 1, high: 2)

private func host(_ number: Int) -> HostV4 { HostV4(.v4(UInt32(0x0a00_0000 + number)))! }

private func sighting(
  _ number: Int, _ section: PeerSection, completes: Bool = false, at second: UInt32 = 0
) -> PeerSighting {
  PeerSighting(
    endpoint: Endpoint(host(number).address, port: 6881), id: PeerID(Bytes20.zero),
    section: section, completes: completes, second: second)
}

/// A vector of so many downloaders, partial seeds and seeds, in mixed order of arrival.
private func vector(_ downloaders: Int, _ partialSeeds: Int, _ seeds: Int) -> PeerVector<HostV4> {
  var vector = PeerVector<HostV4>()
  var sections =
    Array(repeating: PeerSection.downloader, count: downloaders)
    + Array(repeating: .partialSeed, count: partialSeeds) + Array(repeating: .seed, count: seeds)
  var generator = SeededGenerator(seed: 11)
  generator.shuffle(&sections)
  for (number, section) in sections.enumerated() {
    _ = vector.note(host(number), sighting(number, section), hasRoom: true, key: key)
  }
  return vector
}

@Suite struct PeerVectors {
  @Test func `peers are found in their sections whatever has happened`() {
    for seed in UInt64(0)..<12 {
      var generator = SeededGenerator(seed: seed)
      var vector = PeerVector<HostV4>()
      var model: [Int: (section: PeerSection, second: UInt32)] = [:]
      let population = [5, 40, 400][Int(seed % 3)]
      for step in 0..<3000 {
        let number = generator.below(population)
        // Growing and shrinking phases, so that tables are built and given up.
        let removes = generator.below(10) < ((step / 500) % 2 == 0 ? 2 : 7)
        let index = vector.find(host(number), port: 6881, key: key)
        #expect((index != nil) == (model[number] != nil), "seed \(seed) step \(step)")
        if removes {
          if let index {
            vector.remove(at: index, key: key)
            model[number] = nil
          }
        } else {
          let section = PeerSection(rawValue: generator.below(3))!
          let noted = vector.note(
            host(number), sighting(number, section, at: UInt32(step)), hasRoom: true, key: key)
          #expect(noted?.isNew == (model[number] == nil), "seed \(seed) step \(step)")
          #expect(noted?.index == vector.find(host(number), port: 6881, key: key))
          model[number] = (section, UInt32(step))
        }
        guard step % 50 == 0 else { continue }
        #expect(vector.count == model.count, "seed \(seed) step \(step)")
        #expect(vector.downloaderCount == model.values.count { $0.section == .downloader })
        #expect(vector.seedCount == model.values.count { $0.section == .seed })
        for (number, expected) in model {
          guard let index = vector.find(host(number), port: 6881, key: key) else {
            Issue.record("peer \(number) is lost, seed \(seed) step \(step)")
            continue
          }
          #expect(vector.section(of: index) == expected.section, "seed \(seed) step \(step)")
          #expect(vector.records[index].lastSeen == expected.second)
        }
      }
    }
  }

  @Test func `a port makes another peer`() {
    let vector = vector(1, 0, 0)
    #expect(vector.find(host(0), port: 6881, key: key) == 0)
    #expect(vector.find(host(0), port: 6882, key: key) == nil)
  }

  @Test func `a full store takes no stranger and still hears the known`() {
    var vector = vector(3, 0, 0)
    #expect(vector.note(host(9), sighting(9, .seed), hasRoom: false, key: key) == nil)
    let noted = vector.note(host(1), sighting(1, .seed, at: 5), hasRoom: false, key: key)
    #expect(noted?.isNew == false)
    #expect(vector.count == 3 && vector.seedCount == 1)
  }

  @Test func `an expired peer is removed and nobody is passed over`() {
    for seed in UInt64(0)..<20 {
      var generator = SeededGenerator(seed: seed)
      var vector = PeerVector<HostV4>()
      var alive = 0
      for number in 0..<200 {
        let isAlive = generator.below(2) == 0
        alive += isAlive ? 1 : 0
        let section = PeerSection(rawValue: generator.below(3))!
        _ = vector.note(
          host(number), sighting(number, section, at: isAlive ? 100 : 10), hasRoom: true, key: key)
      }
      var position = 0
      while position < vector.count {
        var budget = 7
        vector.purge(from: &position, at: 100, lifetime: 50, budget: &budget, key: key)
        #expect(budget == 0 || position == vector.count, "seed \(seed)")
      }
      #expect(vector.count == alive, "seed \(seed)")
      #expect(vector.records.allSatisfy { $0.lastSeen == 100 }, "seed \(seed)")
    }
  }

  @Test func `expiry outlives the wrap of the 32-bit clock`() {
    var vector = PeerVector<HostV4>()
    _ = vector.note(host(1), sighting(1, .seed, at: .max - 5), hasRoom: true, key: key)
    var position = 0
    var budget = 10
    vector.purge(from: &position, at: 5, lifetime: 11, budget: &budget, key: key)
    #expect(vector.count == 1)
    position = 0
    vector.purge(from: &position, at: 6, lifetime: 11, budget: &budget, key: key)
    #expect(vector.count == 0)
  }
}

@Suite struct PeerSampling {
  private func sample(
    _ vector: PeerVector<HostV4>, _ most: Int, onlyDownloaders: Bool, excluding: Int?,
    _ generator: inout SeededGenerator
  ) -> [UInt32] {
    var sample = vector.sample(
      most, onlyDownloaders: onlyDownloaders, excluding: excluding, using: &generator)
    var hosts: [UInt32] = []
    while let position = sample.next() { hosts.append(vector.records[position].host.word) }
    return hosts
  }

  @Test func `every size of swarm and reply gives the right number, none twice, never the asker`() {
    var generator = SeededGenerator(seed: 8)
    for count in 0..<24 {
      let vector = vector(count / 2, count % 3, count - count / 2 - count % 3 > 0 ? count / 3 : 0)
      for most in 0..<26 {
        for asker in [nil] + (0..<vector.count).map(Optional.init) {
          for onlyDownloaders in [false, true] {
            let seen = sample(
              vector, most, onlyDownloaders: onlyDownloaders, excluding: asker, &generator)
            let end = onlyDownloaders ? vector.downloaderCount : vector.count
            let eligible = end - (asker.map { $0 < end } == true ? 1 : 0)
            #expect(seen.count == min(most, eligible), "\(count) \(most)")
            #expect(Set(seen).count == seen.count)
            if let asker { #expect(!seen.contains(vector.records[asker].host.word)) }
            if onlyDownloaders {
              let downloaders = Set(vector.records[..<end].map(\.host.word))
              #expect(downloaders.isSuperset(of: seen))
            }
          }
        }
      }
    }
  }

  @Test(arguments: [1, 2, 9, 10, 49, 50, 98])
  func `every peer is as likely as every other`(most: Int) {
    let vector = vector(60, 5, 35)
    var generator = SeededGenerator(seed: 99)
    var times: [UInt32: Int] = [:]
    let rounds = 20_000
    for _ in 0..<rounds {
      for host in sample(vector, most, onlyDownloaders: false, excluding: 17, &generator) {
        times[host, default: 0] += 1
      }
    }
    // Each is named in so many replies of all, give or take five standard deviations.
    let share = Double(most) / 99
    let expected = Double(rounds) * share
    let tolerance = 5 * (expected * (1 - share)).squareRoot()
    #expect(times.count == 99)
    for (host, count) in times {
      #expect(
        abs(Double(count) - expected) < tolerance,
        "peer \(host) was named \(count) times, not about \(expected)")
    }
  }
}
