import Hashing
import TorrentModel

/// A member of a private tracker, by number, from 1 on.
public struct MemberID: Hashable, Comparable, Sendable {
  public let number: UInt32

  public init(_ number: UInt32) { self.number = number }

  public static func < (left: MemberID, right: MemberID) -> Bool { left.number < right.number }
}

/// What a member's announce URLs carry: the member's number and a code over it that only the
/// tracker can make. 32 hexadecimal digits.
///
/// The invariant: no description shows the code. Whoever has the digits can announce as the member.
public struct MemberKey: Hashable, Sendable, CustomStringConvertible {
  public let member: MemberID
  /// 96 bits of a keyed hash.
  let code: (high: UInt64, low: UInt32)

  init(_ member: MemberID, code: (high: UInt64, low: UInt32)) {
    self.member = member
    self.code = code
  }

  /// `nil` for anything but 32 hexadecimal digits. Allocates nothing.
  public init?(digits: ArraySlice<UInt8>) {
    guard digits.count == 32 else { return nil }
    var words: (UInt64, UInt64) = (0, 0)
    for (position, digit) in zip(0..., digits) {
      guard let value = Hexadecimal.value(of: digit) else { return nil }
      if position < 16 {
        words.0 = words.0 << 4 | UInt64(value)
      } else {
        words.1 = words.1 << 4 | UInt64(value)
      }
    }
    member = MemberID(UInt32(words.0 >> 32))
    code = (words.0 << 32 | words.1 >> 32, UInt32(truncatingIfNeeded: words.1))
  }

  /// The digits, for the member and nobody else.
  public var digits: String {
    var bytes: [UInt8] = []
    for shift in stride(from: 24, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: member.number >> UInt32(shift)))
    }
    for shift in stride(from: 56, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: code.high >> UInt64(shift)))
    }
    for shift in stride(from: 24, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: code.low >> UInt32(shift)))
    }
    return Hexadecimal.encode(bytes)
  }

  public var description: String { "the key of member \(member.number)" }

  public static func == (left: MemberKey, right: MemberKey) -> Bool {
    left.member == right.member && left.code == right.code
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(member)
    hasher.combine(code.high)
    hasher.combine(code.low)
  }
}

/// Makes and checks the keys of members, without a look at any database: a key is a number and a
/// SipHash-2-4 of it under the tracker's secret. With the member's generation in the hash, a new
/// generation makes every earlier key void.
public struct MemberKeyAuthority: Sendable {
  private let key: SipHash.Key

  /// - Parameter secret: the same for as long as the keys are to hold.
  public init(secret: TrackerSecret) { key = secret.key }

  public func issue(to member: MemberID, generation: UInt32) -> MemberKey {
    MemberKey(member, code: code(member, generation))
  }

  /// Whether the key was issued to its member in that generation. Takes as long whether one bit is
  /// wrong or all, so that time tells nothing.
  public func isGenuine(_ candidate: MemberKey, generation: UInt32) -> Bool {
    let right = code(candidate.member, generation)
    let difference = (right.high ^ candidate.code.high) | UInt64(right.low ^ candidate.code.low)
    return difference == 0
  }

  /// Two hashes over different messages, since one has 64 bits only.
  private func code(_ member: MemberID, _ generation: UInt32) -> (high: UInt64, low: UInt32) {
    let message = UInt64(member.number) << 32 | UInt64(generation)
    var first = SipHash(key)
    first.absorb(message)
    var second = SipHash(key)
    second.absorb(message)
    return (
      first.finish(tail: 1, tailLength: 1),
      UInt32(truncatingIfNeeded: second.finish(tail: 2, tailLength: 1))
    )
  }
}
