/// How much longer than usual peers are asked to wait while a tracker is short of time: as the load
/// rises, announces are spread over a longer while before any would have to be turned away.
public struct IntervalStretch: Sendable {
  /// Of the usual interval, 100…200.
  public private(set) var percent = 100

  /// A silent peer is believed for two intervals: no stretch goes beyond that.
  public static let most = 200
  /// Parts of the processors' time that the tracker uses.
  private static let high = 0.8
  private static let low = 0.6

  public init() {}

  /// Takes a measurement, made every ten seconds or so: rises quickly and falls slowly, and stays where
  /// it is between the marks, so that it does not swing.
  ///
  /// - Parameter load: of the tracker's threads, 0…1.
  public mutating func note(load: Double) {
    if load > Self.high {
      percent = min(Self.most, percent + 20)
    } else if load < Self.low {
      percent = max(100, percent - 5)
    }
  }
}
