import Accounts
import DeterministicCore
import TorrentModel
import TrackerLogic

/// `shoal tracker user …`: the members of a private tracker.
enum MemberCommand {
  static let name = Operand("NAME")

  static let torrentsFlag = Flag(
    "torrents", .limit, "torrents that may be active at once; 0 for any number")
  static let addressesFlag = Flag(
    "addresses", .limit, "addresses that may announce at once; 0 for any number")
  static let limits = FlagGroup(
    title: "Limits", [torrentsFlag.outline, addressesFlag.outline])

  static func limits(_ arguments: ParsedArguments) throws(CommandError) -> MemberLimits {
    var limits = MemberLimits()
    if let torrents = try arguments.value(of: torrentsFlag) {
      limits.torrents = torrents > 0 ? torrents : nil
    }
    if let addresses = try arguments.value(of: addressesFlag) {
      limits.addresses = addresses > 0 ? addresses : nil
    }
    return limits
  }

  /// Does something to the member that is named, and tells how the member stands.
  static func change(
    _ arguments: ParsedArguments, _ console: Console, showsKey: Bool,
    _ body: (AccountStore, String) throws(AccountsError) -> Member
  ) throws(CommandError) -> ExitCode {
    let (member, announces) = try AccountsCommand.change(arguments, console) {
      accounts throws(AccountsError) in
      let member = try body(accounts, arguments.operands[0])
      return (member, showsKey ? try AccountsCommand.announces(accounts, member.key) : [])
    }
    report(member, announces, console)
    return .done
  }

  static func report(_ member: Member, _ announces: [String], _ console: Console) {
    console.event(.event(.member, values(of: member, announces)))
    console.result(
      "\(SafeText.visible(member.name))  \(member.isRevoked ? "revoked" : "member"), "
        + "up \(Format.size(member.uploaded)), down \(Format.size(member.downloaded)), "
        + "ratio \(AccountsCommand.ratio(member.ratio))\(limits(of: member))")
    for announce in announces { console.result("  \(announce)") }
  }

  private static func limits(of member: Member) -> String {
    var text = ""
    if let torrents = member.limits.torrents {
      text += ", at most \(Format.count(torrents, "torrent"))"
    }
    if let addresses = member.limits.addresses {
      text += ", at most \(addresses == 1 ? "1 address" : "\(addresses) addresses")"
    }
    return text
  }

  private static func values(
    of member: Member, _ announces: [String]
  ) -> [(String, JSONValue)] {
    [
      ("name", .string(member.name)), ("number", .integer(Int64(member.id.number))),
      ("revoked", .bool(member.isRevoked)),
      ("torrents", .optional(member.limits.torrents.map(Int64.init))),
      ("addresses", .optional(member.limits.addresses.map(Int64.init))),
      ("uploaded", .unsigned(member.uploaded)), ("downloaded", .unsigned(member.downloaded)),
      ("ratio", member.ratio.map(JSONValue.decimal) ?? .null),
      ("movedUp", .unsigned(member.movedUp)), ("movedDown", .unsigned(member.movedDown)),
      ("seedTime", .integer(member.seedTime)),
      ("active", .integer(Int64(member.activeSessions))),
      ("lastSeen", member.lastSeen > 0 ? .integer(member.lastSeen) : .null),
      ("announce", .strings(announces)),
    ]
  }
}

extension Verb {
  static let trackerUserAdd = Verb(
    "tracker user add", "Adds a member to a private tracker.",
    operands: .exactly(MemberCommand.name),
    groups: [MemberCommand.limits, AccountsCommand.group],
    details: [
      "Prints the member's own announce URLs. The key in them is the member's: whoever has it "
        + "announces as the member. A running tracker serves the member when the verb returns.",
      "The first member or torrent makes the tracker with this data folder a private one.",
    ],
    examples: [
      .init("shoal tracker user add anna", "without limits"),
      .init("shoal tracker user add ben --torrents 5 --addresses 2", "with limits"),
    ],
    exitCodes: [.done, .usage, .disk], events: [.member, .error]
  ) { arguments, console throws(CommandError) in
    let limits = try MemberCommand.limits(arguments)
    return try MemberCommand.change(arguments, console, showsKey: true) {
      accounts, name throws(AccountsError) in
      try accounts.addMember(name, limits: limits, at: AccountsCommand.now)
    }
  }

  private static let keys = Switch("keys", "the announce URLs, too, with the keys in them")

  static let trackerUserList = Verb(
    "tracker user list", "Lists the members of a private tracker, or one of them.",
    operands: .optional(MemberCommand.name),
    groups: [FlagGroup(title: "List", [keys.outline]), AccountsCommand.group],
    details: [
      "Uploads, downloads and the ratio are what counts; what was moved, before a torrent's "
        + "multipliers, is told by --json."
    ],
    examples: [
      .init("shoal tracker user list", "a line for each"),
      .init("shoal tracker user list anna --keys", "what to send to Anna"),
    ],
    exitCodes: [.done, .usage, .disk], events: [.member, .error]
  ) { arguments, console throws(CommandError) in
    let showsKeys = arguments.has(keys)
    let members = try AccountsCommand.look(arguments) { accounts throws(AccountsError) in
      let members =
        if let name = arguments.operands.first {
          [try accounts.member(named: name)]
        } else {
          try accounts.members()
        }
      var listed: [(Member, [String])] = []
      for member in members {
        listed.append(
          (member, showsKeys ? try AccountsCommand.announces(accounts, member.key) : []))
      }
      return listed
    }
    for (member, announces) in members { MemberCommand.report(member, announces, console) }
    if members.isEmpty { console.note("no members; 'shoal tracker user add NAME' adds one") }
    return .done
  }

  static let trackerUserRevoke = Verb(
    "tracker user revoke", "Refuses a member's key from now on.",
    operands: .exactly(MemberCommand.name), groups: [AccountsCommand.group],
    details: [
      "When the verb returns, a running tracker refuses the member's next announce, over HTTP and "
        + "UDP. The account stays; 'shoal tracker user rotate' lets the member in again."
    ],
    examples: [.init("shoal tracker user revoke ben", "at once")],
    exitCodes: [.done, .usage, .disk], events: [.member, .error]
  ) { arguments, console throws(CommandError) in
    try MemberCommand.change(arguments, console, showsKey: false) {
      accounts, name throws(AccountsError) in try accounts.revoke(name)
    }
  }

  static let trackerUserRotate = Verb(
    "tracker user rotate", "Gives a member a new key, and refuses the one before.",
    operands: .exactly(MemberCommand.name), groups: [AccountsCommand.group],
    details: [
      "For a key that others have learnt. The account goes on under the new one; a member who was "
        + "revoked is let in again."
    ],
    examples: [.init("shoal tracker user rotate anna", "prints the new announce URLs")],
    exitCodes: [.done, .usage, .disk], events: [.member, .error]
  ) { arguments, console throws(CommandError) in
    try MemberCommand.change(arguments, console, showsKey: true) {
      accounts, name throws(AccountsError) in try accounts.rotate(name)
    }
  }

  static let trackerUserLimit = Verb(
    "tracker user limit", "Limits how much a member has active at once.",
    operands: .exactly(MemberCommand.name),
    groups: [MemberCommand.limits, AccountsCommand.group],
    details: [
      "What no flag names stays as it is. A torrent or an address beyond the limit is refused; "
        + "those that are active go on."
    ],
    examples: [
      .init("shoal tracker user limit ben --torrents 10 --addresses 0", "of torrents only")
    ],
    exitCodes: [.done, .usage, .disk], events: [.member, .error]
  ) { arguments, console throws(CommandError) in
    let given = try MemberCommand.limits(arguments)
    let names = Set(arguments.occurrences.map(\.name))
    return try MemberCommand.change(arguments, console, showsKey: false) {
      accounts, name throws(AccountsError) in
      var limits = try accounts.member(named: name).limits
      if names.contains(MemberCommand.torrentsFlag.outline.name) {
        limits.torrents = given.torrents
      }
      if names.contains(MemberCommand.addressesFlag.outline.name) {
        limits.addresses = given.addresses
      }
      return try accounts.limit(name, to: limits)
    }
  }
}
