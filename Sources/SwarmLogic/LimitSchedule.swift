/// Other limits on the rates at certain hours of the week.
public struct LimitSchedule: Hashable, Sendable {
  /// Bytes a second; nil for no limit.
  public struct Limits: Hashable, Sendable {
    public var up: UInt64?
    public var down: UInt64?

    public init(up: UInt64?, down: UInt64?) {
      self.up = up
      self.down = down
    }
  }

  /// Hours that begin on some days of the week and may go on into the next.
  public struct Hours: Hashable, Sendable {
    static let minutesOfDay = 24 * 60
    /// Whether they begin on a day, Monday first.
    let days: [Bool]
    /// Minutes since midnight.
    let start: Int
    /// The first minute behind them; no later than `start` where they go on into the next day.
    let end: Int
    public let limits: Limits

    /// - Parameters:
    ///   - days: seven, Monday first.
    ///   - start: minutes since midnight.
    ///   - end: the same; up to `start` it is of the next day, so that equal ones make 24 hours.
    /// - Returns: nil for what is no week or no minute of a day; midnight may also be 24:00 as the end.
    public init?(days: [Bool], start: Int, end: Int, limits: Limits) {
      guard days.count == 7, (0..<Self.minutesOfDay).contains(start),
        (0...Self.minutesOfDay).contains(end)
      else { return nil }
      self.days = days
      self.start = start
      self.end = end
      self.limits = limits
    }

    func contains(day: Int, minute: Int) -> Bool {
      let (today, yesterday) = (days[day], days[(day + 6) % 7])
      guard end <= start else { return today && (start..<end).contains(minute) }
      return today && minute >= start || yesterday && minute < end
    }
  }

  private let hours: [Hours]
  private let otherwise: Limits

  /// - Parameter otherwise: at all other hours.
  public init(_ hours: [Hours], otherwise: Limits) {
    self.hours = hours
    self.otherwise = otherwise
  }

  /// There is nothing to look at the clock for.
  public var isEmpty: Bool { hours.isEmpty }

  /// The limits of the first of the hours that a time is within.
  ///
  /// - Parameters:
  ///   - day: of the week; 0 is Monday, 6 Sunday.
  ///   - minute: since midnight, of the day where people are.
  public func limits(day: Int, minute: Int) -> Limits {
    hours.first { $0.contains(day: day, minute: minute) }?.limits ?? otherwise
  }
}
