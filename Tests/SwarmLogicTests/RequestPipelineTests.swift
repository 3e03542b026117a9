import DeterministicCore
import Testing

@testable import SwarmLogic

/// The pipeline over a simulated link: requests take half a round trip, a peer answers them in
/// order at the link's rate, blocks take the other half.
@Suite struct RequestPipelineTests {
  struct Link: CustomTestStringConvertible, Sendable {
    var name: String
    /// Bytes a second.
    var rate: Double
    var roundTrip: TimeSpan
    /// The peer wakes up this often and answers what has come, at the link's rate; zero for at once.
    var wakes: TimeSpan = .zero
    /// The depth must be at most this.
    var deepest: Int
    /// The round trip from `changesAt` on, if it changes.
    var laterRoundTrip: TimeSpan?
    var changesAt = Moment.distantFuture
    /// Up to this much is added to each block's way, without overtaking.
    var jitter: TimeSpan = .zero

    var testDescription: String { name }

  }

  /// Plays a download; bytes that arrived in each tenth of a second, and the depth at the end of
  /// each.
  static func download(
    _ link: Link, for length: TimeSpan, peerLimit: Int = 2000
  ) -> (bytes: [Int], depths: [Int], pipeline: RequestPipeline) {
    var pipeline = RequestPipeline(blockLength: 16_384)
    pipeline.setPeerLimit(peerLimit)
    let tenths = Int(length.nanoseconds / 100_000_000)
    var bytes = Array(repeating: 0, count: tenths)
    var depths = bytes
    // Blocks in order: when each was asked for and when it arrives.
    var queue = Queue<(asked: Moment, arrives: Moment)>()
    var now = Moment.zero
    var linkFree = Moment.zero
    var lastArrival = Moment.zero
    var random = SeededGenerator(seed: 1)
    let transfer = TimeSpan(nanoseconds: Int64(16_384 / link.rate * 1e9))
    while true {
      while queue.count < pipeline.depth {
        let roundTrip = now < link.changesAt ? link.roundTrip : link.laterRoundTrip!
        let half = TimeSpan(nanoseconds: roundTrip.nanoseconds / 2)
        var ready = now + half
        if link.wakes > .zero {
          let period = UInt64(link.wakes.nanoseconds)
          ready = Moment(nanoseconds: (ready.nanoseconds / period + 1) * period)
        }
        linkFree = max(linkFree, ready) + transfer
        let delay = TimeSpan(
          nanoseconds: Int64(Double(link.jitter.nanoseconds) * random.fraction()))
        lastArrival = max(lastArrival, linkFree + half + delay)
        queue.append((now, lastArrival))
        pipeline.requestsSent(at: now)
      }
      let block = queue.popFirst()!
      now = block.arrives
      let tenth = Int(now.nanoseconds / 100_000_000)
      guard tenth < tenths else { break }
      pipeline.blockArrived(
        bytes: 16_384, requestedAt: block.asked, outstanding: queue.count, at: now)
      bytes[tenth] += 16_384
      depths[tenth] = pipeline.depth
    }
    return (bytes, depths, pipeline)
  }

  @Test(arguments: [
    Link(name: "loopback", rate: 600e6, roundTrip: .milliseconds(0), deepest: 800),
    Link(
      name: "loopback, a peer in bursts", rate: 600e6, roundTrip: .zero,
      wakes: TimeSpan(nanoseconds: 1_000_000), deepest: 1000),
    Link(name: "gigabit", rate: 118e6, roundTrip: .milliseconds(1), deepest: 200),
    Link(name: "200 ms at 12 MB/s", rate: 12e6, roundTrip: .milliseconds(200), deepest: 1000),
    Link(name: "200 ms at 1 MB/s", rate: 1e6, roundTrip: .milliseconds(200), deepest: 80),
    Link(name: "50 ms at 5 MB/s", rate: 5e6, roundTrip: .milliseconds(50), deepest: 100),
    Link(name: "50 ms at 100 kB/s", rate: 100e3, roundTrip: .milliseconds(50), deepest: 16),
    Link(
      name: "a rate limiter that wakes every 250 ms", rate: 5e6, roundTrip: .milliseconds(20),
      wakes: .milliseconds(250), deepest: 500),
  ])
  func fillsTheLinkAndNotMuchMore(link: Link) {
    let (bytes, depths, _) = Self.download(link, for: .seconds(8))
    let steady = bytes.dropFirst(20)
    let rate = Double(steady.reduce(0, +)) / (Double(steady.count) / 10)
    #expect(rate > 0.95 * link.rate, "\(link.name): \(rate) of \(link.rate)")
    let deepest = depths.dropFirst(20).max()!
    #expect(deepest <= link.deepest, "\(link.name): \(deepest) deep")
  }

  /// Over two minutes, in which the delay is measured many times behind the pipeline's own queue.
  @Test(arguments: [
    Link(name: "50 ms", rate: 2e6, roundTrip: .milliseconds(50), deepest: 40),
    Link(name: "a slow peer", rate: 10e3, roundTrip: .milliseconds(50), deepest: 8),
    Link(
      name: "jitter", rate: 2e6, roundTrip: .milliseconds(20), deepest: 80,
      jitter: .milliseconds(80)),
    Link(
      name: "a rate limiter", rate: 500e3, roundTrip: .milliseconds(20), wakes: .milliseconds(250),
      deepest: 60),
  ])
  func theDepthDoesNotCreep(link: Link) {
    let (bytes, depths, _) = Self.download(link, for: .seconds(120))
    #expect(depths.dropFirst(200).max()! <= link.deepest)
    let rate = Double(bytes.dropFirst(200).reduce(0, +)) / 100
    #expect(rate > 0.95 * link.rate, "\(rate)")
  }

  @Test func followsAPathThatGetsLongerOrShorter() {
    for (before, after) in [(20, 200), (200, 20)] {
      let link = Link(
        name: "", rate: 5e6, roundTrip: .milliseconds(before), deepest: 0,
        laterRoundTrip: .milliseconds(after), changesAt: .zero + .seconds(5))
      let (bytes, depths, _) = Self.download(link, for: .seconds(60))
      let rate = Double(bytes[200...].reduce(0, +)) / 40
      #expect(rate > 0.95 * link.rate, "\(before) ms, then \(after) ms: \(rate)")
      let held = link.rate * Double(after) / 1000 / 16_384
      #expect(Double(depths.last!) < 3 * held + 16, "\(depths.last!) deep, \(held) held")
    }
  }

  @Test func aLoopbackIsFullInTheFirstTenth() {
    let link = Link(
      name: "", rate: 600e6, roundTrip: TimeSpan(nanoseconds: 100_000), deepest: 0)
    let (bytes, _, _) = Self.download(link, for: .seconds(1))
    #expect(Double(bytes[0]) > 0.95 * link.rate / 10)
  }

  @Test func aLongLinkIsFullAfterAFewRoundTrips() {
    let link = Link(name: "", rate: 12e6, roundTrip: .milliseconds(200), deepest: 0)
    let (bytes, _, _) = Self.download(link, for: .seconds(4))
    // 146 blocks fill the link; 8 doubled five times are 256.
    #expect(Double(bytes[14..<18].reduce(0, +)) > 0.9 * link.rate * 0.4)
  }

  @Test(arguments: [1, 5, 50, 250])
  func neverExceedsWhatThePeerQueues(limit: Int) {
    let link = Link(name: "", rate: 600e6, roundTrip: .milliseconds(10), deepest: 0)
    let (_, depths, _) = Self.download(link, for: .seconds(1), peerLimit: limit)
    #expect(depths.max()! == limit)
  }

  @Test func neverExceedsTwoThousand() {
    let link = Link(name: "", rate: 2e9, roundTrip: .milliseconds(100), deepest: 0)
    let (_, depths, _) = Self.download(link, for: .seconds(2), peerLimit: 1_000_000)
    #expect(depths.max()! == 2000)
  }

  @Test func aPeerThatSaysNothingIsTakenToQueueTwoHundredAndFifty() {
    var pipeline = RequestPipeline(blockLength: 16_384)
    for number in 1...1000 {
      let now = Moment.zero + .seconds(10) + .milliseconds(number)
      pipeline.blockArrived(
        bytes: 16_384, requestedAt: now - .milliseconds(200), outstanding: 9, at: now)
    }
    #expect(pipeline.depth == 250)
  }

  @Test func silenceForSixtySecondsIsASnub() {
    var pipeline = RequestPipeline(blockLength: 16_384)
    #expect(pipeline.snubDeadline == nil)
    #expect(pipeline.depth == 8)
    pipeline.requestsSent(at: .zero + .seconds(10))
    pipeline.requestsSent(at: .zero + .seconds(20))
    #expect(pipeline.snubDeadline == .zero + .seconds(70))
    pipeline.blockArrived(
      bytes: 16_384, requestedAt: .zero + .seconds(10), outstanding: 7, at: .zero + .seconds(30))
    #expect(pipeline.snubDeadline == .zero + .seconds(90))
    var isSnubbed = pipeline.checkSnub(at: .zero + .seconds(89))
    #expect(!isSnubbed)
    isSnubbed = pipeline.checkSnub(at: .zero + .seconds(90))
    #expect(isSnubbed && pipeline.isSnubbed)
    #expect(pipeline.depth == 1)
    isSnubbed = pipeline.checkSnub(at: .zero + .seconds(91))
    #expect(!isSnubbed, "a snub is told once")
    // A block ends it, and the pipeline grows again from the start.
    pipeline.blockArrived(
      bytes: 16_384, requestedAt: .zero + .seconds(90), outstanding: 0, at: .zero + .seconds(99))
    #expect(!pipeline.isSnubbed && pipeline.isInSlowStart)
    #expect(pipeline.depth == 8)
  }

  @Test func noSnubWithNothingOutstanding() {
    var pipeline = RequestPipeline(blockLength: 16_384)
    pipeline.requestsSent(at: .zero)
    pipeline.drained()
    #expect(pipeline.snubDeadline == nil)
    let isSnubbed = pipeline.checkSnub(at: .zero + .seconds(600))
    #expect(!isSnubbed)
  }

  @Test func theDepthFollowsARateThatFalls() {
    let link = Link(name: "", rate: 12e6, roundTrip: .milliseconds(100), deepest: 0)
    var (_, depths, pipeline) = Self.download(link, for: .seconds(4))
    let before = depths.last!
    var now = Moment.zero + .seconds(10)
    for _ in 0..<200 {
      now = now + .milliseconds(16)
      pipeline.blockArrived(
        bytes: 16_384, requestedAt: now - .milliseconds(200), outstanding: 9, at: now)
    }
    #expect(before > 100 && pipeline.depth < 40, "\(before), then \(pipeline.depth)")
  }
}
