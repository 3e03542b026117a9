import TorrentModel

/// What a batch of announces changes in the accounts, each row once however many announces touch it.
///
/// The invariant: rows come out in the order of their keys, so that two who write at once never wait
/// for each other crosswise.
public struct Settlement: Sendable {
  /// What is added to an account or a history.
  public struct Sum: Hashable, Sendable {
    /// Bytes that count for the ratio.
    public var uploaded: UInt64 = 0
    public var downloaded: UInt64 = 0
    /// Bytes as announced.
    public var movedUp: UInt64 = 0
    public var movedDown: UInt64 = 0
    /// Seconds.
    public var seedTime: Int64 = 0
    public var completed: Int64 = 0
    /// Seconds since 1970.
    public var lastSeen: Int64 = 0

    fileprivate mutating func add(_ credit: Credit, at time: Int64) {
      uploaded = uploaded.addingSaturated(credit.uploaded)
      downloaded = downloaded.addingSaturated(credit.downloaded)
      movedUp = movedUp.addingSaturated(credit.movedUp)
      movedDown = movedDown.addingSaturated(credit.movedDown)
      seedTime += credit.seedTime
      completed += credit.completes ? 1 : 0
      lastSeen = max(lastSeen, time)
    }
  }

  /// One member's part in one torrent.
  public struct Part: Hashable, Comparable, Sendable {
    public var member: MemberID
    public var torrent: TorrentID

    public init(member: MemberID, torrent: TorrentID) {
      self.member = member
      self.torrent = torrent
    }

    public static func < (left: Part, right: Part) -> Bool {
      (left.member, left.torrent) < (right.member, right.torrent)
    }
  }

  public struct SignalKey: Hashable, Comparable, Sendable {
    public var signal: CheatSignal
    public var part: Part

    public static func < (left: SignalKey, right: SignalKey) -> Bool {
      (left.signal.rawValue, left.part) < (right.signal.rawValue, right.part)
    }
  }

  public struct SignalCount: Hashable, Sendable {
    public var count: Int64 = 0
    /// Bytes of the largest.
    public var amount: UInt64 = 0
    /// Seconds since 1970.
    public var lastSeen: Int64 = 0
  }

  private var markBySession: [CreditSession: CreditMark]
  private var takers: [TorrentID: Int64]
  private var touched: Set<CreditSession> = []
  private var byMember: [MemberID: Sum] = [:]
  private var byPart: [Part: Sum] = [:]
  private var byTorrent: [TorrentID: Sum] = [:]
  private var bySignal: [SignalKey: SignalCount] = [:]

  /// - Parameters:
  ///   - marks: of the sessions of the batch, those that have one.
  ///   - lastTakers: when each torrent was last wanted, in seconds since 1970; announces of a torrent
  ///     that is not among them are passed over.
  public init(marks: [CreditSession: CreditMark], lastTakers: [TorrentID: Int64]) {
    markBySession = marks
    takers = lastTakers
  }

  /// Takes one announce of the batch, in the order they came.
  ///
  /// - Parameter patience: seconds after which a silent peer is gone.
  public mutating func settle(_ report: CreditReport, patience: Int64, policy: CheatPolicy) {
    let session = report.session
    guard let lastTaker = takers[session.torrent] else { return }
    let mark = markBySession[session]
    let (credit, next) = Crediting.settle(report, after: mark, patience: patience)
    let part = Part(member: session.member, torrent: session.torrent)
    let signals = policy.signals(
      of: credit, after: mark, lastTaker: lastTaker, patience: patience)
    for signal in signals {
      add(signal, of: part, amount: max(credit.movedUp, credit.movedDown), at: report.time)
    }
    markBySession[session] = next
    touched.insert(session)
    byMember[session.member, default: Sum()].add(credit, at: report.time)
    byPart[part, default: Sum()].add(credit, at: report.time)
    byTorrent[session.torrent, default: Sum()].add(credit, at: report.time)
    if report.isTaker { takers[session.torrent] = max(lastTaker, report.time) }
  }

  /// - Parameter amount: bytes.
  public mutating func add(_ signal: CheatSignal, of part: Part, amount: UInt64, at time: Int64) {
    let key = SignalKey(signal: signal, part: part)
    var count = bySignal[key, default: SignalCount()]
    count.count += 1
    count.amount = max(count.amount, amount)
    count.lastSeen = max(count.lastSeen, time)
    bySignal[key] = count
  }

  // MARK: Rows

  public var marks: [(session: CreditSession, mark: CreditMark)] {
    touched.sorted().compactMap { session in markBySession[session].map { (session, $0) } }
  }

  public var members: [(id: MemberID, sum: Sum)] {
    byMember.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  public var parts: [(part: Part, sum: Sum)] {
    byPart.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  public var torrents: [(id: TorrentID, sum: Sum, lastTaker: Int64)] {
    byTorrent.sorted { $0.key < $1.key }.map { ($0.key, $0.value, takers[$0.key] ?? 0) }
  }

  public var signals: [(key: SignalKey, count: SignalCount)] {
    bySignal.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

extension CreditSession: Comparable {
  public static func < (left: CreditSession, right: CreditSession) -> Bool {
    (left.torrent, left.member, left.peerID.digest, left.key)
      < (right.torrent, right.member, right.peerID.digest, right.key)
  }
}

extension UInt64 {
  fileprivate func addingSaturated(_ other: UInt64) -> UInt64 {
    let (sum, isOver) = addingReportingOverflow(other)
    return isOver ? .max : sum
  }
}
