import Foundation
import Synchronization

/// A network of its own, joined to the others by one wire, at whose end is counted what a program in
/// it sends: to those that it is to speak to, and past them.
final class Enclosure {
  struct Sent: Equatable {
    var through: Int
    var around: Int
  }

  private let arena: Arena
  /// The network is there for as long as a process is in it.
  private let holder: ChildProcess
  /// The address of the programs in it.
  let host: String

  private static let allocated = Atomic<Int>(0)

  private var network: String { "--net=/proc/\(holder.id)/ns/net" }

  /// - Parameter door: the one address that the programs in it are to speak to.
  convenience init(door: SocketAddress, in arena: Arena) async throws {
    try await self.init(
      letting: "ip daddr \(door.host) tcp dport \(door.port)", in: arena)
  }

  /// - Parameter hosts: those that the programs in it are to speak to, whoever connects.
  convenience init(hosts: [String], in arena: Arena) async throws {
    try await self.init(
      letting: "ip daddr { \(hosts.joined(separator: ", ")) } tcp dport 1-65535", in: arena)
  }

  private init(letting rule: String, in arena: Arena) async throws {
    self.arena = arena
    let number = Self.allocated.wrappingAdd(1, ordering: .relaxed).oldValue
    host = "10.98.\(number).2"
    holder = try arena.start("enclosure", "unshare", ["--net", "sleep", "300"])
    let path = "/proc/\(holder.id)/ns/net"
    let ours = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
    try await wait(until: "there is another network", within: .seconds(10)) {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: path)).map { $0 != ours } ?? false
    }
    let wire = "wire\(number)"
    try await run("ip link add \(wire) type veth peer name outside netns \(holder.id)")
    try await run("ip address add 10.98.\(number).1/30 dev \(wire)")
    try await run("ip link set \(wire) up")
    try await run("nsenter \(network) ip link set lo up")
    try await run("nsenter \(network) ip address add \(host)/30 dev outside")
    try await run("nsenter \(network) ip link set outside up")
    try await run("nsenter \(network) ip route add default via 10.98.\(number).1")
    let rules = arena.folder.appending(path: "enclosure-\(number).nft")
    try Data(
      """
      table inet watch {
        counter through {}
        counter around {}
        chain out {
          type filter hook output priority 0; policy accept;
          \(rule) counter name through accept
          oifname "outside" meta l4proto { tcp, udp } counter name around
        }
      }

      """.utf8
    ).write(to: rules)
    try await run("nsenter \(network) nft -f \(rules.path)")
  }

  private func run(_ line: String) async throws {
    let words = line.split(separator: " ").map(String.init)
    _ = try await arena.run(words[0], words[0], Array(words.dropFirst()))
  }

  func start(_ name: String, _ command: String, _ arguments: [String]) throws -> ChildProcess {
    try arena.start(name, "nsenter", [network, command] + arguments)
  }

  /// Packets that have left.
  func sent() async throws -> Sent {
    let text = try await arena.run("nft", "nsenter", [network, "nft", "-j", "list", "counters"])
    let answer = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    var packets: [String: Int] = [:]
    for case let item as [String: [String: Any]] in answer?["nftables"] as? [Any] ?? [] {
      guard let counter = item["counter"], let name = counter["name"] as? String else { continue }
      packets[name] = counter["packets"] as? Int
    }
    guard let through = packets["through"], let around = packets["around"] else {
      throw Failure("no counters in \(text)")
    }
    return Sent(through: through, around: around)
  }
}
