import DeterministicCore
import Glibc
import SwarmLogic
import Testing
import TorrentModel

@testable import shoal

@Suite struct ValueKindTests {
  private static let sizes: [(text: String, bytes: UInt64?)] = [
    ("1", 1), ("700", 700), ("700B", 700), ("16K", 16 << 10), ("16k", 16 << 10),
    ("16KiB", 16 << 10), ("16kib", 16 << 10), ("3M", 3 << 20), ("3MiB", 3 << 20), ("1G", 1 << 30),
    ("2TiB", 2 << 40), ("1.5G", 3 << 29), ("0.5K", 512), ("1.000001M", 1_048_577),
    ("18446744073709551615", .max), ("16777215T", 16_777_215 << 40),
    ("", nil), ("0", nil), ("K", nil), (".5K", nil), ("1.K", nil), ("1.2.3K", nil), ("-1", nil),
    ("+1", nil), ("1KB", nil), ("1 K", nil), ("1KiBs", nil), ("18446744073709551616", nil),
    ("16777216T", nil), ("1e3", nil), ("１K", nil), ("1.0000001M", nil), ("0x10", nil),
  ]

  @Test(arguments: sizes) func sizesAreReadInUnitsOf1024(text: String, bytes: UInt64?) {
    #expect(ValueKind.size.read(text) == bytes)
  }

  private static let rates: [(text: String, bytes: UInt64?)] = [
    ("0", 0), ("500K/s", 500 << 10), ("500K", 500 << 10), ("10MiB/s", 10 << 20), ("1/s", 1),
    ("/s", nil), ("1/m", nil), ("1/s/s", nil), ("", nil),
  ]

  @Test(arguments: rates) func ratesAreSizesASecond(text: String, bytes: UInt64?) {
    #expect(ValueKind.rate.read(text) == bytes)
  }

  private static let hours: [(text: String, days: String?, start: Int, end: Int)] = [
    ("08:00-18:00=200K/s,2M/s", "1111111", 480, 1080),
    ("mon-fri 00:00-24:00=200K,2M", "1111100", 0, 1440),
    ("sat,sun 22:30-06:00=200K,2M", "0000011", 1350, 360),
    ("fri-mon 01:00-02:00=200K,2M", "1000111", 60, 120),
    ("Wed 01:00-02:00=200K,2M", "0010000", 60, 120),
    ("", nil, 0, 0), ("08:00-18:00", nil, 0, 0), ("08:00=200K,2M", nil, 0, 0),
    ("8:00-18:00=200K,2M", nil, 0, 0), ("08:60-18:00=200K,2M", nil, 0, 0),
    ("24:00-18:00=200K,2M", nil, 0, 0), ("08:00-24:01=200K,2M", nil, 0, 0),
    ("08:00-18:00=200K", nil, 0, 0), ("08:00-18:00=200K,2M,3M", nil, 0, 0),
    ("08:00-18:00=fast,2M", nil, 0, 0), ("day 08:00-18:00=200K,2M", nil, 0, 0),
    ("mon- 08:00-18:00=200K,2M", nil, 0, 0), ("mon  08:00-18:00=200K,2M", nil, 0, 0),
    ("mon-tue-wed 08:00-18:00=200K,2M", nil, 0, 0), (" 08:00-18:00=200K,2M", nil, 0, 0),
  ]

  @Test(arguments: hours) func hoursHaveDaysAndTwoRates(
    text: String, days: String?, start: Int, end: Int
  ) {
    let expected = days.flatMap { days in
      LimitSchedule.Hours(
        days: days.map { $0 == "1" }, start: start, end: end,
        limits: .init(up: 200 << 10, down: 2 << 20))
    }
    #expect(ValueKind.hours.read(text) == expected)
    #expect((expected == nil) == (days == nil))
  }

  @Test func noLimitIsWrittenAsZero() {
    #expect(
      ValueKind.hours.read("01:00-02:00=0,0")?.limits == LimitSchedule.Limits(up: nil, down: nil))
  }

  /// Told once when they change, in the time zone that people live in.
  @Test func limitsChangeWithTheHour() throws {
    let slow = LimitSchedule.Limits(up: 1, down: 1)
    let all = [Bool](repeating: true, count: 7)
    // A quarter of an hour from a moment on, whatever the hour is here.
    var (now, local) = (time_t(1_700_000_000), tm())
    localtime_r(&now, &local)
    let minute = Int(local.tm_hour * 60 + local.tm_min)
    let hours = try #require(
      LimitSchedule.Hours(
        days: all, start: minute, end: (minute + 15) % 1440, limits: slow))
    let none = LimitSchedule.Limits(up: nil, down: nil)
    var clock = LimitClock(LimitSchedule([hours], otherwise: none), at: now - 60)
    #expect(clock.limits == none)
    #expect(clock.changed(at: now - 60) == nil)
    #expect(clock.changed(at: now) == slow)
    #expect(clock.changed(at: now + 60) == nil)
    #expect(clock.changed(at: now + 16 * 60) == none)
  }

  private static let times: [(text: String, span: TimeSpan?)] = [
    ("0", .zero), ("90", .seconds(90)), ("90s", .seconds(90)), ("15m", .minutes(15)),
    ("2h", .minutes(120)), ("1d", .minutes(1440)), ("1h30m", .minutes(90)),
    ("100000", .seconds(100_000)), ("36500d", .seconds(36_500 * 86_400)),
    ("", nil), ("s", nil), ("1w", nil), ("-1s", nil), ("1.5h", nil), ("1h30", nil), ("1 h", nil),
    ("36501d", nil), ("99999999999", nil), ("9999999999d", nil), ("1S", nil),
  ]

  @Test(arguments: times) func timesAreReadByTheirUnits(text: String, span: TimeSpan?) {
    #expect(ValueKind.time.read(text) == span)
  }

  private static let listens: [(text: String, canonical: String?)] = [
    ("127.0.0.1:6881", "127.0.0.1:6881"), ("[::1]:0", "[::1]:0"), (":6881", "[::]:6881"),
    ("6881", "[::]:6881"), ("0", "[::]:0"), ("0.0.0.0:0", "0.0.0.0:0"), ("65535", "[::]:65535"),
    ("", nil), (":", nil), ("65536", nil), (":65536", nil), ("::1", nil), ("[::1]", nil),
    ("host:80", nil), ("127.0.0.1", nil), ("+80", nil), ("-1", nil), ("::80", nil),
  ]

  @Test(arguments: listens) func listeningTakesAnAddressAPortOrBoth(
    text: String, canonical: String?
  ) {
    #expect(ValueKind.listen.read(text)?.description == canonical)
  }

  @Test(arguments: [
    ("http://tracker.example/announce", true), ("udp://t:1", true), ("HTTPS://t/", true),
    ("http://", false), ("http:///x", false), ("ftp://t/", false), ("tracker.example", false),
    ("http://a b/", false), ("http://a\u{1b}[31m/", false), ("", false),
  ])
  func trackersAreURLsOfTheirSchemes(text: String, isTaken: Bool) {
    #expect((ValueKind.trackerURL.read(text) != nil) == isTaken)
  }

  @Test(arguments: [
    ("0", 0.0), ("1.5", 1.5), ("-1", nil), ("nan", nil), ("inf", nil), ("1e3", nil), ("", nil),
    (".", nil),
  ])
  func ratiosArePlainDecimals(text: String, ratio: Double?) {
    #expect(ValueKind.ratio.read(text) == ratio)
  }
}
