import Accounts
import Glibc
import HTTPWire
import Session
import TorrentModel
import TrackerLogic

/// What a tracker's admin listener answers: a page, and the API that the page and programs use.
///
/// A function of the request, the accounts and a look at the tracker; it is given requests that
/// `AdminGate` let pass. Its own description is `AdminAssets.description` (OpenAPI 3.1).
struct AdminAPI {
  let accounts: AccountStore
  let monitor: TrackerMonitor
  let followed: FollowedRevision
  let status: () throws(AccountsError) -> TrackerStatus

  static let mostListed = 1000

  /// The page itself, which shows nothing to whoever has no token.
  static func openPage(_ path: String) -> HTTPResponse? {
    switch path {
    case "/": .page("text/html; charset=utf-8", AdminAssets.document)
    case "/page.css":
      .page("text/css; charset=utf-8", PageAssets.style + AdminAssets.style)
    case "/page.js": .page("text/javascript; charset=utf-8", AdminAssets.script)
    case "/api/v1/openapi.json":
      .page("application/json", AdminAssets.description)
    default: nil
    }
  }

  func respond(to request: HTTPRequest) -> HTTPResponse {
    let parts = String(decoding: request.path, as: UTF8.self).split(separator: "/").map(String.init)
    do {
      if parts == ["metrics"], request.method == "GET" {
        return HTTPResponse(
          .ok, contentType: "text/plain; version=0.0.4; charset=utf-8",
          body: Array(try status().metrics(accounts.signalCounts()).utf8))
      }
      guard parts.starts(with: ["api", "v1"]), parts.count > 2 else {
        return .error(.notFound, "there is nothing at this path; see /api/v1/openapi.json")
      }
      return try route(request.method, Array(parts[2...]), request)
    } catch let error as AccountsError {
      return .error(error.isMisuse ? .badRequest : .serviceUnavailable, "\(error)")
    } catch let error as BadField {
      return .error(.badRequest, error.reason)
    } catch {
      return .error(.serviceUnavailable, "\(error)")
    }
  }

  private func route(
    _ method: String, _ path: [String], _ request: HTTPRequest
  ) throws -> HTTPResponse {
    let fields = FormFields(request)
    switch (method, path.count, path[0]) {
    case ("GET", 1, "stats"): return .json(try status().json)
    case ("GET", 1, "signals"):
      return .json(.array(try accounts.signals(limit: Self.mostListed).map(\.json)))
    case ("GET", 1, "members"): return .json(.array(try accounts.members().map { $0.json() }))
    case ("POST", 1, "members"): return try addMember(fields)
    case ("GET", 2, "members"):
      let member = try member(path[1])
      return .json(member.json(try accounts.announceURLs(for: member.key)))
    case ("POST", 3, "members"): return try changeMember(try member(path[1]), path[2], fields)
    case ("GET", 1, "torrents"):
      let found = try accounts.torrents(matching: fields["q"] ?? "", limit: Self.mostListed)
      return .json(.array(found.map { $0.json(monitor) }))
    case ("POST", 1, "torrents"): return try addTorrent(request.body, fields)
    case ("DELETE", 2, "torrents"):
      let removed = try change { () throws(AccountsError) in
        try accounts.removeTorrent(try infoHash(path[1]))
      }
      return .json(removed.json(monitor))
    default: return .error(.notFound, "there is nothing at this path for \(method)")
    }
  }

  // MARK: Members

  private func limits(_ fields: FormFields, before: MemberLimits) throws -> MemberLimits {
    var limits = before
    let range = 0...MemberLimits.highest
    if let torrents = try fields.number("torrents", in: range) {
      limits.torrents = torrents > 0 ? torrents : nil
    }
    if let addresses = try fields.number("addresses", in: range) {
      limits.addresses = addresses > 0 ? addresses : nil
    }
    return limits
  }

  private func addMember(_ fields: FormFields) throws -> HTTPResponse {
    guard let name = fields["name"] else { throw BadField(reason: "name is missing") }
    let limits = try limits(fields, before: MemberLimits())
    let member = try change { () throws(AccountsError) in
      try accounts.addMember(name, limits: limits, at: Int64(time(nil)))
    }
    return .json(member.json(try accounts.announceURLs(for: member.key)), .created)
  }

  /// By number: a name may hold what no path can.
  private func member(_ number: String) throws(AccountsError) -> Member {
    guard let id = UInt32(number), let member = try accounts.member(MemberID(id)) else {
      throw AccountsError(.notFound("member"), on: number)
    }
    return member
  }

  private func changeMember(
    _ member: Member, _ action: String, _ fields: FormFields
  ) throws -> HTTPResponse {
    let name = member.name
    switch action {
    case "revoke":
      return .json(try change { () throws(AccountsError) in try accounts.revoke(name) }.json())
    case "rotate":
      let rotated = try change { () throws(AccountsError) in try accounts.rotate(name) }
      return .json(rotated.json(try accounts.announceURLs(for: rotated.key)))
    case "limit":
      let limits = try limits(fields, before: member.limits)
      return .json(
        try change { () throws(AccountsError) in try accounts.limit(name, to: limits) }.json())
    default: return .error(.notFound, "members are revoked, rotated or limited")
    }
  }

  // MARK: Torrents

  private func addTorrent(_ document: [UInt8], _ fields: FormFields) throws -> HTTPResponse {
    let percents = 0...Int(CreditTerms.highestPercent)
    let terms = CreditTerms(
      uploadPercent: UInt16(try fields.number("uploadPercent", in: percents) ?? 100),
      downloadPercent: UInt16(try fields.number("downloadPercent", in: percents) ?? 100))
    let torrent = try change { () throws(AccountsError) in
      try accounts.addTorrent(
        document, title: fields["title"], tags: fields.all("tag").filter { !$0.isEmpty },
        terms: terms, at: Int64(time(nil)))
    }
    return .json(torrent.json(monitor), .created)
  }

  private func infoHash(_ text: String) throws(AccountsError) -> InfoHash {
    guard let infoHash = InfoHash(text: text) else {
      throw AccountsError(.notFound("torrent"), on: text)
    }
    return infoHash
  }

  /// Changes the accounts, and returns when the change is in force.
  private func change<Value>(
    _ body: () throws(AccountsError) -> Value
  ) throws(AccountsError) -> Value {
    let value = try body()
    followed.wait(for: try accounts.revision())
    return value
  }
}
