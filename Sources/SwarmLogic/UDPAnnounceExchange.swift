public import DeterministicCore
public import TrackerWire

/// One announce by UDP (BEP 15): a connection ID is asked for, unless one is still good, then the
/// announce is made; what goes unanswered is sent again, ever more patiently.
///
/// Its owner sends what it gives and hands it every datagram that comes from the tracker; those
/// with another transaction ID, cut short or of another kind are not its own and change nothing.
public struct UDPAnnounceExchange: Sendable {
  public enum Step: Hashable, Sendable {
    case send([UInt8])
    case finished(AnnounceReply)
    case timedOut
  }

  /// A connection ID and when it ceases to be good.
  public struct Connection: Hashable, Sendable {
    public let id: UInt64
    public let goodUntil: Moment
  }

  /// The first wait for an answer; doubled by each further one (BEP 15).
  static let firstWait = TimeSpan.seconds(15)
  /// How long a connection ID may be used (BEP 15).
  static let connectionLife = TimeSpan.seconds(60)

  private let request: AnnounceRequest
  private let urlData: [UInt8]
  private let family: AddressFamily
  /// How often a datagram is sent at most. BEP 15 has 9, an hour; other trackers wait meanwhile.
  private let mostAttempts: Int
  private var transactionID: UInt32
  private var attempts = 0
  /// A connection ID given by an earlier exchange has not been proven good by this one.
  private var isReused: Bool
  private var hasConnected = false
  /// The connection ID in use; nil while one is asked for.
  public private(set) var connection: Connection?
  /// When `step` should be called.
  public private(set) var deadline: Moment
  private var generator: SeededGenerator

  public init(
    _ request: AnnounceRequest, urlData: [UInt8], family: AddressFamily,
    connection: Connection? = nil, mostAttempts: Int = 4, generator: SeededGenerator,
    at now: Moment
  ) {
    self.request = request
    self.urlData = urlData
    self.family = family
    self.mostAttempts = mostAttempts
    self.generator = generator
    self.connection = connection.flatMap { $0.goodUntil > now ? $0 : nil }
    isReused = self.connection != nil
    transactionID = UInt32(truncatingIfNeeded: self.generator.next())
    deadline = now
  }

  /// What to do now that the deadline has come; the first is at once.
  public mutating func step(at now: Moment) -> Step? {
    guard now >= deadline else { return nil }
    guard attempts < mostAttempts else { return .timedOut }
    if let connection, connection.goodUntil <= now { forgetConnection() }
    deadline = now + Self.firstWait * (1 << attempts)
    attempts += 1
    return .send(datagram)
  }

  private mutating func forgetConnection() {
    connection = nil
    transactionID = UInt32(truncatingIfNeeded: generator.next())
  }

  private var datagram: [UInt8] {
    let body: UDPTrackerRequest.Body =
      connection.map { .announce(request, connectionID: $0.id, urlData: urlData) } ?? .connect
    return UDPTrackerRequest(transactionID: transactionID, body: body).bytes
  }

  /// Takes a datagram from the tracker.
  public mutating func receive(_ datagram: RawSpan, at now: Moment) -> Step? {
    let response: UDPTrackerResponse
    do {
      response = try UDPTrackerResponse(datagram, family: family)
    } catch {
      return nil
    }
    guard response.transactionID == transactionID else { return nil }
    switch response.body {
    case .connect(let id):
      guard connection == nil else { return nil }
      connection = Connection(id: id, goodUntil: now + Self.connectionLife)
      transactionID = UInt32(truncatingIfNeeded: generator.next())
      // Anew once only: a tracker that gives connection IDs and never answers an announce is
      // given up in the end.
      if !hasConnected { attempts = 0 }
      hasConnected = true
      deadline = now
      return step(at: now)
    case .announce(let answer):
      guard connection != nil else { return nil }
      return .finished(.success(answer))
    case .error(let failure):
      guard !isReused || connection == nil else {
        // The tracker may have forgotten the ID before its time, after a restart.
        isReused = false
        forgetConnection()
        attempts = 0
        deadline = now
        return step(at: now)
      }
      return .finished(.failure(failure))
    case .scrape:
      return nil
    }
  }
}
