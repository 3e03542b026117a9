public import DeterministicCore
public import TorrentModel

/// How many datagrams an address may send: so many at once, so many a second after that.
///
/// The invariant: at most `mostAddresses` are remembered, the longest known forgotten first, so a
/// flood from invented addresses costs no more memory than one from a real one.
public struct AddressLimits: Sendable {
  private struct Bucket: Sendable {
    var balance: Double
    var filledAt: Moment
  }

  let perSecond: Double
  let burst: Double
  private var buckets: [Address: Bucket] = [:]
  private var order = Queue<Address>()

  static let mostAddresses = 8192

  public init(perSecond: Double, burst: Double) {
    self.perSecond = perSecond
    self.burst = burst
  }

  var count: Int { buckets.count }

  /// Whether one more from there is to be heard.
  public mutating func admits(_ address: Address, at now: Moment) -> Bool {
    guard var bucket = buckets[address] else {
      if order.count >= Self.mostAddresses, let oldest = order.popFirst() { buckets[oldest] = nil }
      order.append(address)
      buckets[address] = Bucket(balance: burst - 1, filledAt: now)
      return true
    }
    let elapsed = max(0, (now - bucket.filledAt).seconds)
    bucket.balance = min(burst, bucket.balance + elapsed * perSecond)
    bucket.filledAt = max(bucket.filledAt, now)
    let isAdmitted = bucket.balance >= 1
    if isAdmitted { bucket.balance -= 1 }
    buckets[address] = bucket
    return isAdmitted
  }
}
