import Foundation

/// A program that a test started: its output goes to a file, and it is ended by its process id.
final class ChildProcess {
  let name: String
  let log: URL
  let id: pid_t
  private var status: Int32?

  /// Starts the program, found in PATH when `command` has no slash, with both its output streams
  /// appended to `log` and an environment of nothing but PATH, HOME (the folder of the log) and
  /// `LC_ALL`.
  init(name: String, command: String, arguments: [String], log: URL) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log.path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)

    // The threads of a test block signals, and a program would inherit that: it could not be asked
    // to end.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var unblocked = sigset_t()
    sigemptyset(&unblocked)
    posix_spawnattr_setsigmask(&attributes, &unblocked)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let home = log.deletingLastPathComponent().path
    let variables = ["PATH=\(path)", "HOME=\(home)", "LC_ALL=C.UTF-8"]
    var argv = ChildProcess.pointers(to: [command] + arguments)
    var envp = ChildProcess.pointers(to: variables)
    defer { for pointer in argv + envp { free(pointer) } }

    var id: pid_t = 0
    let error = posix_spawnp(&id, command, &actions, &attributes, &argv, &envp)
    guard error == 0 else {
      throw Failure("\(name): cannot start \(command): \(String(cString: strerror(error)))")
    }
    self.name = name
    self.log = log
    self.id = id
  }

  /// Copies of the strings, to be freed, and the null pointer that ends such a list in C.
  private static func pointers(to strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
    strings.map { string in strdup(string) } + [nil]
  }

  deinit { destroy() }

  /// The exit code, or the negated signal, of a program that has ended.
  func exitCode() -> Int? {
    if status == nil {
      var value: Int32 = 0
      if waitpid(id, &value, WNOHANG) == id { status = value }
    }
    return status.map { status in
      let signal = status & 0x7f
      return signal == 0 ? Int(status >> 8) & 0xff : -Int(signal)
    }
  }

  /// Asks the program to end, and makes it after ten seconds.
  func end(with signal: Int32 = SIGTERM) {
    guard exitCode() == nil else { return }
    kill(id, signal)
    for _ in 0..<500 {
      usleep(20_000)
      if exitCode() != nil { return }
    }
    destroy()
  }

  /// Ends the program at once, without a chance to say goodbye to its tracker.
  func destroy() {
    guard exitCode() == nil else { return }
    kill(id, SIGKILL)
    var value: Int32 = 0
    waitpid(id, &value, 0)
    status = value
  }

  /// All that the program has printed so far.
  func output() -> String {
    (try? Data(contentsOf: log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// The last lines of the output, under a heading that says what became of the program.
  func tail(lines: Int = 15) -> String {
    let state = exitCode().map { "exited with \($0)" } ?? "still running"
    let last = output().split(separator: "\n").suffix(lines).joined(separator: "\n  ")
    return "--- \(name), \(state):\n  \(last)"
  }
}
