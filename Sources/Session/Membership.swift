import DeterministicCore
import Synchronization
import TorrentModel
import TrackerLogic
import TrackerWire

/// The members and torrents of a private tracker as all its threads check announces against them,
/// and the announces that wait to be written to the accounts.
///
/// Members and torrents lie in shards, each under a lock of its own, like the swarms of
/// `SharedTracker`. No thread that answers ever waits for a disk.
///
/// The invariant: reports wait in the order in which the announces of one session were answered.
public final class Membership: Sendable {
  private static let shardCount = 64
  /// Reports that wait for a disk. Beyond, announces are answered and not reported: a session's next
  /// makes it good, since totals only grow.
  static let mostReports = 500_000

  private let authority: MemberKeyAuthority
  private let lifetime: UInt32
  private let rolls: InlineArray<64, Mutex<MemberRoll>>
  private let lists: InlineArray<64, Mutex<TorrentList>>
  private let reports = Mutex<[CreditReport]>([])
  private let placement: TorrentPlacement

  /// - Parameter lifetime: after which a silent peer is gone.
  init(_ authority: MemberKeyAuthority, lifetime: TimeSpan) {
    self.authority = authority
    self.lifetime = UInt32(clamping: Int(lifetime.seconds))
    var system = SystemRandomNumberGenerator()
    placement = TorrentPlacement(secret: TrackerSecret(system.next(), system.next()))
    rolls = InlineArray { _ in Mutex(MemberRoll()) }
    lists = InlineArray { _ in Mutex(TorrentList()) }
  }

  // MARK: Changes

  func set(_ standing: MemberStanding) { withRoll(of: standing.id) { $0.set(standing) } }

  func set(_ listing: TorrentListing) { withList(of: listing.infoHash) { $0.set(listing) } }

  public var torrentCount: Int {
    var count = 0
    for shard in 0..<Self.shardCount { count += lists[shard].withLock { $0.count } }
    return count
  }

  // MARK: Announces

  /// Whose announce it is, and of what.
  struct Admission {
    let member: MemberID
    let listing: TorrentListing
  }

  /// - Parameter key: the digits in the path; `nil` where there are none.
  /// - Throws: what the client is told.
  func admit(
    _ request: AnnounceRequest, key: ArraySlice<UInt8>?, from source: Address, at now: Moment
  ) throws(TrackerFailure) -> Admission {
    let member = try check(key)
    let listing = try find(request.infoHash)
    let failure = withRoll(of: member) { roll -> TrackerFailure? in
      do throws(TrackerFailure) {
        try roll.note(
          request, of: member, from: source, at: now.wholeSeconds, lifetime: lifetime)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
    return Admission(member: member, listing: listing)
  }

  /// The member whose key it is.
  @discardableResult
  func check(_ digits: ArraySlice<UInt8>?) throws(TrackerFailure) -> MemberID {
    guard let key = digits.flatMap(MemberKey.init(digits:)) else {
      throw MemberRoll.noKey
    }
    let result = withRoll(of: key.member) { roll -> Result<MemberID, TrackerFailure> in
      do throws(TrackerFailure) {
        return .success(try roll.check(key, by: authority).id)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func find(_ infoHash: InfoHash) throws(TrackerFailure) -> TorrentListing {
    let result = withList(of: infoHash) { list -> Result<TorrentListing, TrackerFailure> in
      do throws(TrackerFailure) {
        return .success(try list.find(infoHash))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Has an announce that was answered written to the member's account.
  ///
  /// - Parameter time: seconds since 1970.
  func report(_ request: AnnounceRequest, _ admission: Admission, time: Int64) {
    let report = CreditReport(
      request, of: admission.member, in: admission.listing, time: time)
    reports.withLock { waiting in
      if waiting.count < Self.mostReports { waiting.append(report) }
    }
  }

  /// Reports that wait.
  public var waitingCount: Int { reports.withLock { $0.count } }

  /// Takes all that wait.
  func takeReports() -> [CreditReport] {
    reports.withLock { waiting in
      let taken = waiting
      waiting = []
      return taken
    }
  }

  // MARK: Shards

  private func withRoll<Value>(of member: MemberID, _ body: (inout MemberRoll) -> Value) -> Value {
    rolls[Int(member.number) % Self.shardCount].withLock { body(&$0) }
  }

  private func withList<Value>(
    of infoHash: InfoHash, _ body: (inout TorrentList) -> Value
  ) -> Value {
    lists[placement.shard(of: infoHash, among: Self.shardCount)].withLock { body(&$0) }
  }
}
