import Foundation
import Testing

/// Real clients in a network namespace; see Scripts/with-namespace.
@Suite(
  .serialized, .enabled(if: Arena.network != nil, Comment(rawValue: Arena.whySkipped)))
enum Interoperation {}

extension Interoperation {
  /// Without shoal: what fails here is the harness or the machine.
  @Suite struct Control {
    static let transfers: [Transfer] = [
      Transfer(
        seeder: .aria2, leecher: .libtorrent, source: .torrentFile, payload: .folder,
        tracker: .opentracker),
      Transfer(
        seeder: .libtorrent, leecher: .transmission, source: .magnetLink, payload: .emptyFiles,
        tracker: .opentracker),
      Transfer(
        seeder: .transmission, leecher: .aria2, source: .magnetLink, payload: .oddSize,
        tracker: .opentracker),
    ]

    @Test(arguments: transfers)
    func `other clients exchange a payload among themselves`(transfer: Transfer) async throws {
      try await transfer.run()
    }
  }
}
