import SwarmLogic
import Testing

@Suite struct LimitScheduleTests {
  private static let slow = LimitSchedule.Limits(up: 1, down: 2)
  private static let otherwise = LimitSchedule.Limits(up: nil, down: 9)
  private static let workdays = [true, true, true, true, true, false, false]
  private static let friday = [false, false, false, false, true, false, false]
  private static let sunday = [false, false, false, false, false, false, true]

  /// Days of the hours, their start and end, a day and minute, and whether that is within them.
  private static let cases: [([Bool], Int, Int, day: Int, minute: Int, isWithin: Bool)] = [
    (workdays, 480, 1080, 0, 480, true), (workdays, 480, 1080, 4, 1079, true),
    (workdays, 480, 1080, 0, 479, false), (workdays, 480, 1080, 0, 1080, false),
    (workdays, 480, 1080, 5, 600, false),
    // Into the next day, and from Sunday into Monday.
    (friday, 1320, 360, 4, 1320, true), (friday, 1320, 360, 5, 359, true),
    (friday, 1320, 360, 5, 360, false), (friday, 1320, 360, 4, 359, false),
    (friday, 1320, 360, 5, 1330, false), (sunday, 1320, 360, 0, 0, true),
    // To midnight, and all day.
    (friday, 0, 1440, 4, 1439, true), (friday, 0, 1440, 5, 0, false),
    (friday, 600, 600, 4, 700, true), (friday, 600, 600, 5, 599, true),
    (friday, 600, 600, 5, 600, false),
  ]

  @Test(arguments: cases) func hoursBeginOnTheirDaysAndMayGoOnIntoTheNext(
    days: [Bool], start: Int, end: Int, day: Int, minute: Int, isWithin: Bool
  ) throws {
    let hours = try #require(
      LimitSchedule.Hours(days: days, start: start, end: end, limits: Self.slow))
    let schedule = LimitSchedule([hours], otherwise: Self.otherwise)
    #expect(
      schedule.limits(day: day, minute: minute) == (isWithin ? Self.slow : Self.otherwise))
  }

  @Test func theFirstThatFitsCounts() throws {
    let all = [Bool](repeating: true, count: 7)
    let faster = LimitSchedule.Limits(up: 5, down: 5)
    let lunch = try #require(
      LimitSchedule.Hours(days: all, start: 720, end: 780, limits: faster))
    let work = try #require(
      LimitSchedule.Hours(days: all, start: 480, end: 1080, limits: Self.slow))
    let schedule = LimitSchedule([lunch, work], otherwise: Self.otherwise)
    #expect(schedule.limits(day: 2, minute: 750) == faster)
    #expect(schedule.limits(day: 2, minute: 790) == Self.slow)
    #expect(schedule.limits(day: 2, minute: 1200) == Self.otherwise)
  }

  @Test func whatIsNoWeekAndNoTimeIsRefused() {
    for (count, start, end) in [(6, 0, 1), (8, 0, 1), (7, -1, 1), (7, 1440, 1), (7, 0, 1441)] {
      let days = [Bool](repeating: true, count: count)
      #expect(LimitSchedule.Hours(days: days, start: start, end: end, limits: Self.slow) == nil)
    }
  }
}
