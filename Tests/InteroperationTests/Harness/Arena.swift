import Foundation
import Synchronization

/// The place of one test: a folder of its own, an address for each peer, and the processes that are
/// ended with it, however the test goes.
final class Arena {
  let folder: URL
  private var processes: [ChildProcess] = []

  /// The first three bytes of the namespace's addresses, set by Scripts/with-namespace.
  static let network = ProcessInfo.processInfo.environment["SHOAL_TEST_NETWORK"]

  static let whySkipped =
    "SHOAL_TEST_NETWORK is not set: run these with make test-interoperation, which gives each peer an address"

  /// The binary under test, as an absolute path.
  static func shoal() throws -> String {
    guard let path = ProcessInfo.processInfo.environment["SHOAL_BINARY"] else {
      throw Failure("SHOAL_BINARY is not set: it names the binary under test")
    }
    return URL(filePath: path).path
  }

  static let support = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Support")

  /// The clients mostly wait for their own timers, so that a few tests share the machine well; more
  /// would turn a slow machine into failures.
  private static let gate = Gate(width: 4)

  /// Runs `body` in a new arena, when its turn comes. What it throws comes out with the tails of every process's log.
  static func run(_ body: (Arena) async throws -> Void) async throws {
    await gate.enter()
    let result = await attempt(body)
    await gate.leave()
    try result.get()
  }

  private static func attempt(
    _ body: (Arena) async throws -> Void
  ) async -> Result<Void, any Error> {
    do {
      let arena = try Arena()
      defer { arena.close() }
      do {
        return .success(try await body(arena))
      } catch {
        let tails = arena.processes.map { $0.tail() }
        return .failure(Failure((["\(error)"] + tails).joined(separator: "\n")))
      }
    } catch {
      return .failure(error)
    }
  }

  private init() throws {
    var template = Array("\(NSTemporaryDirectory())/shoal-interoperation-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure("cannot make a temporary folder") }
    folder = URL(filePath: template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
    // opentracker reads its list of torrents as another user.
    chmod(folder.path, 0o755)
  }

  private func close() {
    for process in processes.reversed() { process.destroy() }
    try? FileManager.default.removeItem(at: folder)
  }

  /// A new folder within the arena's.
  func makeFolder(_ name: String) throws -> URL {
    let result = folder.appending(path: name, directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: result, withIntermediateDirectories: true)
    return result
  }

  /// Starts a program that is ended with the arena, if not before.
  func start(_ name: String, _ command: String, _ arguments: [String]) throws -> ChildProcess {
    let log = folder.appending(path: "\(processes.count)-\(name).log")
    let process = try ChildProcess(name: name, command: command, arguments: arguments, log: log)
    processes.append(process)
    return process
  }

  /// Runs a program to its end and returns what it printed; a failing exit code is an error.
  func run(_ name: String, _ command: String, _ arguments: [String]) async throws -> String {
    let process = try start(name, command, arguments)
    try await wait(until: "\(name) ended", within: .seconds(30)) { process.exitCode() != nil }
    guard process.exitCode() == 0 else { throw Failure("\(name) failed") }
    return process.output()
  }

  private static let allocated = Atomic<Int>(0)

  /// An address and port that no other peer of this run has: hosts come round again after the
  /// thirty-eighth, ports do not.
  static func allocateAddress() throws -> SocketAddress {
    guard let network else { throw Failure(whySkipped) }
    let number = allocated.wrappingAdd(1, ordering: .relaxed).oldValue
    return SocketAddress(host: "\(network).\(2 + number % 38)", port: 20_000 + number)
  }
}

struct SocketAddress: CustomStringConvertible {
  var host: String
  var port: Int

  var description: String { "\(host):\(port)" }

  /// Whether somebody accepts connections here.
  func accepts() -> Bool {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    inet_pton(AF_INET, host, &address.sin_addr)
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_INET, kind, 0)
    defer { close(descriptor) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}
