/// Why a test could not go on, in a sentence.
struct Failure: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}

/// Looks every 20 ms until `condition` holds; a failure names what was waited for.
func wait(
  until what: String, within limit: Duration, _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + limit
  while try await !condition() {
    guard ContinuousClock.now < deadline else { throw Failure("after \(limit), not: \(what)") }
    try await Task.sleep(for: .milliseconds(20))
  }
}
