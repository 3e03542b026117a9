import Foundation
import Synchronization

/// A router with one machine behind it, as at a home: miniupnpd opens ports of its public address where
/// it is asked to.
final class Router {
  enum Speech: String, CaseIterable, Sendable {
    /// PCP and NAT-PMP, and UPnP.
    case everything = "PCP"
    case upnp = "UPnP"
  }

  private let arena: Arena
  private let router: ChildProcess
  private let machine: ChildProcess
  /// The router's address outside. No documentation address: the daemon maps none of those.
  let address: String

  private static let allocated = Atomic<Int>(0)

  init(speaking speech: Speech, in arena: Arena) async throws {
    self.arena = arena
    let number = Self.allocated.wrappingAdd(1, ordering: .relaxed).oldValue
    address = "11.0.\(number).5"
    router = try await Self.network("router", in: arena)
    machine = try await Self.network("machine", in: arena)
    try await run("ip link add home\(number) type veth peer name outside netns \(router.id)")
    try await run("ip address add 11.0.\(number).1/24 dev home\(number)")
    try await run("ip link set home\(number) up")
    try await run(
      in: router, "ip link set lo up", "ip address add \(address)/24 dev outside",
      "ip link set outside up", "ip link add inside type veth peer name eth0 netns \(machine.id)",
      "ip address add 192.168.77.1/24 dev inside", "ip link set inside up",
      "ip route add default via 11.0.\(number).1", "sysctl -q -w net.ipv4.ip_forward=1")
    try await run(
      in: machine, "ip link set lo up", "ip address add 192.168.77.2/24 dev eth0",
      "ip link set eth0 up", "ip route add default via 192.168.77.1")
    try await openDoor(number)
    try await startDaemon(speech)
  }

  private static func network(_ name: String, in arena: Arena) async throws -> ChildProcess {
    let holder = try arena.start(name, "unshare", ["--net", "sleep", "300"])
    let path = "/proc/\(holder.id)/ns/net"
    let ours = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
    try await wait(until: "there is another network", within: .seconds(10)) {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: path)).map { $0 != ours } ?? false
    }
    return holder
  }

  private func run(_ line: String) async throws {
    let words = line.split(separator: " ").map(String.init)
    _ = try await arena.run(words[0], words[0], Array(words.dropFirst()))
  }

  private func run(in network: ChildProcess, _ lines: String...) async throws {
    for line in lines { try await run("nsenter --net=/proc/\(network.id)/ns/net \(line)") }
  }

  private func openDoor(_ number: Int) async throws {
    let rules = arena.folder.appending(path: "router-\(number).nft")
    try Data(
      """
      table inet filter {
        chain forward { type filter hook forward priority 0; policy accept; jump miniupnpd; }
        chain miniupnpd {}
        chain prerouting {
          type nat hook prerouting priority -100; policy accept; jump prerouting_miniupnpd;
        }
        chain postrouting {
          type nat hook postrouting priority 100; policy accept;
          jump postrouting_miniupnpd; oifname "outside" masquerade;
        }
        chain prerouting_miniupnpd {}
        chain postrouting_miniupnpd {}
      }

      """.utf8
    ).write(to: rules)
    try await run(in: router, "nft -f \(rules.path)")
  }

  private func startDaemon(_ speech: Speech) async throws {
    let file = arena.folder.appending(path: "miniupnpd.conf")
    try Data(
      """
      ext_ifname=outside
      listening_ip=inside
      enable_natpmp=\(speech == .upnp ? "no" : "yes")
      enable_upnp=yes
      secure_mode=yes
      uuid=00000000-0000-0000-0000-000000000001
      upnp_table_name=filter
      upnp_nat_table_name=filter
      upnp_forward_chain=miniupnpd
      upnp_nat_chain=prerouting_miniupnpd
      upnp_nat_postrouting_chain=postrouting_miniupnpd
      allow 1024-65535 0.0.0.0/0 1024-65535

      """.utf8
    ).write(to: file)
    let daemon = try arena.start(
      "miniupnpd", "nsenter",
      [
        "--net=/proc/\(router.id)/ns/net", "miniupnpd", "-d", "-f", file.path, "-P",
        arena.folder.appending(path: "miniupnpd.pid").path,
      ])
    try await wait(until: "miniupnpd listens", within: .seconds(10)) {
      if let code = daemon.exitCode() { throw Failure("miniupnpd exited with \(code)") }
      return daemon.output().contains("HTTP listening")
    }
  }

  /// Starts a program on the machine behind the router.
  func start(_ name: String, _ command: String, _ arguments: [String]) throws -> ChildProcess {
    try arena.start(
      name, "nsenter", ["--net=/proc/\(machine.id)/ns/net", command] + arguments)
  }

  /// Ports that are open, of the public address.
  func openPorts() async throws -> Int {
    let text = try await arena.run(
      "nft", "nsenter",
      ["--net=/proc/\(router.id)/ns/net", "nft", "list", "chain", "inet", "filter"]
        + ["prerouting_miniupnpd"])
    return text.split(separator: "\n").count { $0.contains("dnat") }
  }
}
