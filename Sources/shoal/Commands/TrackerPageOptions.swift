import Accounts
import Control
import Networking
import Storage
import TorrentModel

/// The listeners of a private tracker's pages.
struct TrackerPageOptions: Hashable, Sendable {
  /// Where the admin page and API are served.
  var admin: Endpoint?
  /// The file with the token of the admin API; made where there is none.
  var tokenFile: String?
  /// Names that the admin listener is known by besides its address.
  var adminHosts: [String]
  /// Where members' pages are served.
  var pages: Endpoint?

  private static let adminFlag = Flag(
    "admin", .listen, "where to serve the admin page, its API and metrics", fallback: "nowhere")
  private static let tokenFlag = Flag(
    "admin-token", .path, "the file with the token that admin requests have to show",
    fallback: "admin.token in the data folder, made when it is missing")
  private static let hostFlag = Flag(
    "admin-host", .text("HOST:PORT", expected: "a name and a port, as browsers show them"),
    "a name that the admin listener is known by, besides its address and localhost",
    isRepeatable: true)
  private static let pagesFlag = Flag(
    "pages", .listen, "where to serve members' pages, search and feed", fallback: "nowhere")

  static let flags = FlagGroup(
    title: "Pages of a private tracker",
    [adminFlag.outline, tokenFlag.outline, hostFlag.outline, pagesFlag.outline])

  init(_ arguments: ParsedArguments) throws(CommandError) {
    admin = try arguments.value(of: Self.adminFlag)
    tokenFile = try arguments.value(of: Self.tokenFlag)
    adminHosts = try arguments.values(of: Self.hostFlag)
    pages = try arguments.value(of: Self.pagesFlag)
  }

  var isNone: Bool { admin == nil && pages == nil }

  /// - Parameter data: the data folder.
  func configuration(
    data: String, accounts: AccountsPlace
  ) throws(CommandError) -> TrackerPages.Configuration {
    var configuration = TrackerPages.Configuration(accounts: accounts)
    configuration.admin = admin
    configuration.adminHosts = adminHosts
    configuration.members = pages
    if admin != nil { configuration.adminToken = try token(at: tokenFile ?? data + "/admin.token") }
    return configuration
  }

  /// Characters that a token has at least, and at most.
  private static let tokenLengths = 16...512

  private func token(at path: String) throws(CommandError) -> String {
    do {
      if let bytes = try WholeFile.read(at: path, atMost: 4096) {
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard Self.tokenLengths.contains(line.count), line.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else {
          throw CommandError.usage(
            "the admin token wants \(Self.tokenLengths.lowerBound) visible characters or more",
            on: path, remedy: "remove the file, and another is made")
        }
        return String(decoding: line, as: UTF8.self)
      }
      var system = SystemRandomNumberGenerator()
      let token = Hexadecimal.encode(
        (0..<24).map { _ in UInt8.random(in: 0...255, using: &system) })
      try WholeFile.write(Array((token + "\n").utf8), to: path, mode: 0o600)
      return token
    } catch let error as CommandError {
      throw error
    } catch let error as StorageError {
      throw CommandError(error)
    } catch {
      throw CommandError(.failure, "\(error)")
    }
  }
}
