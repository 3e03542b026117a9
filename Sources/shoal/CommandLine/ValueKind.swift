import DeterministicCore
import SwarmLogic
import TorrentModel

/// A kind of flag value: how it is read, and how help and errors speak of it.
struct ValueKind<Value: Sendable>: Sendable {
  /// What stands for the value in usage lines.
  let placeholder: String
  /// Completes "wants …".
  let expected: String
  /// What a shell offers for it.
  let completion: Completion
  let read: @Sendable (String) -> Value?

  init(
    placeholder: String, expected: String, completion: Completion = .nothing,
    read: @escaping @Sendable (String) -> Value?
  ) {
    self.placeholder = placeholder
    self.expected = expected
    self.completion = completion
    self.read = read
  }
}

extension ValueKind where Value == String {
  /// Any text but the empty one.
  static func text(
    _ placeholder: String, expected: String, completion: Completion = .nothing
  ) -> ValueKind {
    ValueKind(placeholder: placeholder, expected: expected, completion: completion) {
      $0.isEmpty ? nil : $0
    }
  }

  /// Any text; the empty one stands for none at all.
  static func textOrNothing(_ placeholder: String) -> ValueKind {
    ValueKind(placeholder: placeholder, expected: "a text") { $0 }
  }

  static let label = ValueKind(
    placeholder: "NAME",
    expected: "a label of letters, digits and '-', '_' or '.', \(LabelText.longest) at most",
    read: LabelText.parse)

  static let path = text("PATH", expected: "a path", completion: .files)
  static let folder = text("DIR", expected: "a folder", completion: .folders)
  static let torrentFile = text(
    "FILE.torrent", expected: "a file name", completion: .torrentFiles)

  /// A URL whose scheme is one of `schemes`, with a host behind it.
  static func url(_ schemes: [String]) -> ValueKind {
    ValueKind(
      placeholder: "URL",
      expected: "a URL that begins with " + schemes.map { $0 + "://" }.joined(separator: " or ")
    ) { text in
      let isPlain = text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7f }
      let rest = schemes.lazy.compactMap { scheme in
        text.lowercased().hasPrefix(scheme + "://") ? text.dropFirst(scheme.count + 3) : nil
      }.first
      guard isPlain, let host = rest?.first, host != "/" else { return nil }
      return text
    }
  }

  static let trackerURL = url(["http", "https", "udp"])
  static let webSeedURL = url(["http", "https"])
}

extension ValueKind where Value == UInt64 {
  /// Bytes; a positive number.
  static let size = ValueKind(
    placeholder: "SIZE", expected: "a size above zero such as 512K, 256KiB or 1.5G"
  ) { ByteCount.parse($0).flatMap { $0 > 0 ? $0 : nil } }

  /// Bytes a second; `/s` may be left out.
  static let rate = ValueKind(
    placeholder: "RATE", expected: "a rate such as 500K/s or 10MiB/s, or 0 for no limit"
  ) { ByteCount.parse($0.hasSuffix("/s") ? $0.dropLast(2) : $0[...]) }
}

extension ValueKind where Value == LimitSchedule.Hours {
  static let hours = ValueKind(
    placeholder: "HOURS=UP,DOWN",
    expected: "hours and two rates such as '08:00-18:00=200K/s,2M/s' or 'sat,sun 22:00-06:00=0,0'",
    read: HoursText.parse)
}

extension ValueKind where Value == LabelLimit {
  static let labelLimit = ValueKind(
    placeholder: "NAME=UP,DOWN",
    expected: "a label and two rates such as 'films=200K/s,2M/s', where 0 is no limit",
    read: LabelText.parseLimit)
}

extension ValueKind where Value == TimeSpan {
  static let time = ValueKind(
    placeholder: "TIME", expected: "a time such as 90s, 15m, 2h or 1d", read: TimeText.parse)
}

extension ValueKind where Value == Double {
  static let ratio = ValueKind(
    placeholder: "RATIO", expected: "a ratio of zero or more, such as 1.5"
  ) { text in
    guard text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }), let ratio = Double(text),
      ratio.isFinite
    else { return nil }
    return ratio
  }
}

extension ValueKind where Value == Int {
  static func number(_ range: ClosedRange<Int>) -> ValueKind {
    ValueKind(
      placeholder: "N", expected: "a whole number from \(range.lowerBound) to \(range.upperBound)"
    ) { text in
      guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text),
        range.contains(number)
      else { return nil }
      return number
    }
  }
}

extension ValueKind where Value == Endpoint {
  /// Where to listen. Without an address it is every address of the machine, which is written as
  /// `[::]`; port 0 lets the system choose.
  static let listen = ValueKind(
    placeholder: "ADDR:PORT",
    expected: "an address and port such as 192.0.2.1:6881, [::1]:0 or :6881"
  ) { text in
    if let endpoint = Endpoint(text: text) { return endpoint }
    let digits = text.hasPrefix(":") ? text.dropFirst() : text[...]
    guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
      let port = UInt16(digits)
    else { return nil }
    return Endpoint(.v6(high: 0, low: 0), port: port)
  }
}

extension ValueKind where Value == Address {
  static let address = ValueKind(
    placeholder: "ADDR", expected: "an address such as 192.0.2.1 or 2001:db8::1"
  ) { Address(text: $0) }
}

extension ValueKind where Value == Proxy {
  static let proxy = ValueKind(
    placeholder: "URL",
    expected: "socks5://ADDRESS:PORT or http://ADDRESS:PORT, with USER:PASSWORD@ where needed",
    read: Proxy.init)
}

extension ValueKind where Value == MagnetLink.PeerHint {
  static let peer = ValueKind(
    placeholder: "ADDR:PORT",
    expected: "a peer such as 192.0.2.1:6881, [2001:db8::1]:6881 or host:6881",
    read: MagnetLink.PeerHint.init(parsing:))
}

extension ValueKind where Value == RingName {
  static let ring = ValueKind(
    placeholder: "RING",
    expected:
      "a ring: open:WORD, open- and 16 hexadecimal digits, or the 64 of a closed ring"
  ) { text in
    let prefix = "open:"
    if text.hasPrefix(prefix), text.count > prefix.count {
      return RingName(word: String(text.dropFirst(prefix.count)))
    }
    return RingName(text: text)
  }
}

extension ValueKind
where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
  /// One of the words of an enumeration.
  static func choice(of type: Value.Type) -> ValueKind {
    let words = type.allCases.map(\.rawValue)
    return ValueKind(
      placeholder: words.joined(separator: "|"), expected: words.joined(separator: ", "),
      completion: .words(words), read: Value.init(rawValue:))
  }
}
