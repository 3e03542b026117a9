import DeterministicCore
import Testing

@Suite struct TokenBucketTests {
  /// Spends all that is available every `step` for `span`, in transfers of at most `transfer`.
  private func spent(
    rate: UInt64, transfer: Int, every step: TimeSpan, for span: TimeSpan
  ) -> Int {
    var bucket = TokenBucket(rate: rate, at: .zero)
    var total = 0
    var now = Moment.zero
    while now <= Moment.zero + span {
      while case let available = bucket.available(at: now), available > 0 {
        bucket.spend(min(available, transfer))
        total += min(available, transfer)
      }
      now = now + step
    }
    return total
  }

  @Test(arguments: [50 << 10, 1 << 20, 500 << 20] as [UInt64])
  func `over ten seconds as much passes as the rate says`(rate: UInt64) {
    let bytes = spent(
      rate: rate, transfer: 16 << 10, every: .milliseconds(50), for: .seconds(10))
    let expected = Double(rate) * 10
    // What the bucket holds at the start comes on top: a tenth of a second.
    #expect(abs(Double(bytes) - expected) <= expected * 0.011)
  }

  @Test func `a transfer beyond the balance is waited for`() {
    var bucket = TokenBucket(rate: 1 << 20, at: .zero)
    bucket.spend(2 << 20)
    #expect(bucket.available(at: .zero + .seconds(1)) == 0)
    #expect(bucket.available(at: .zero + .seconds(2)) > 0)
  }

  @Test func `an idle hour is not made up for`() {
    var bucket = TokenBucket(rate: 1 << 20, at: .zero)
    #expect(bucket.available(at: .zero + .minutes(60)) <= (1 << 20) / 10)
  }

  @Test func `who was told to wait and comes late finds what came meanwhile`() {
    for (late, most) in [(TimeSpan.milliseconds(500), 0.5), (.minutes(60), 1)] {
      var bucket = TokenBucket(rate: 1 << 20, at: .zero)
      bucket.spend(bucket.available(at: .zero))
      #expect(bucket.available(at: .zero) == 0)
      let found = Double(bucket.available(at: .zero + late)) / Double(1 << 20)
      #expect(abs(found - most) < 0.01)
    }
  }

  @Test func `without a rate everything passes`() {
    var bucket = TokenBucket(rate: nil, at: .zero)
    bucket.spend(1 << 40)
    #expect(!bucket.isLimited)
    #expect(bucket.available(at: .zero) == .max)
  }

  @Test func `a clock that goes back gives nothing`() {
    var bucket = TokenBucket(rate: 1 << 20, at: .zero + .seconds(10))
    bucket.spend(1 << 20)
    #expect(bucket.available(at: .zero) == 0)
  }
}
