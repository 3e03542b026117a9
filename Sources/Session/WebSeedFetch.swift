import DeterministicCore
import HTTPWire
import Networking
import SwarmLogic
import TorrentModel

/// Fetches adjacent pieces of a web seed, file by file, and hands them over block by block.
///
/// Each block comes together beside its piece's buffer, since in the endgame a peer may be filling
/// the place. The invariant: `position` is the torrent's byte that is expected next, and `block`
/// holds all bytes before it since the beginning of its block.
final class WebSeedFetch: HTTPBodyReceiver {
  let key: PeerKey
  let seed: WebSeed
  private let info: TorrentInfo
  private unowned let runner: TorrentRunner
  private let http: HTTPClient
  private let end: UInt64
  private var position: UInt64
  /// What the request under way is to bring, as offsets in the torrent; and of which file.
  private var part: Range<UInt64>
  private var file = 0
  private var block: [UInt8] = []
  private var request: HTTPFetchID?
  private var isCancelled = false
  private var head: HTTPHead?
  /// What is wrong with the answer under way.
  private var fault: Fault?

  private struct Fault {
    let reason: String
    /// It would be the same another time.
    let isPermanent: Bool
    var retryAfter: TimeSpan?
  }

  /// How long a server may be silent.
  private static let stallDeadline = TimeSpan.seconds(30)
  /// For one request, however slow the server is or is made to be.
  private static let deadline = TimeSpan.minutes(60)

  init(
    _ pieces: Range<Int>, of seed: WebSeed, for key: PeerKey, _ info: TorrentInfo,
    runner: TorrentRunner, http: HTTPClient
  ) {
    self.key = key
    self.seed = seed
    self.info = info
    self.runner = runner
    self.http = http
    position = info.geometry.offset(of: PieceIndex(pieces.lowerBound))
    let last = PieceIndex(pieces.upperBound - 1)
    end = info.geometry.offset(of: last) + UInt64(info.geometry.length(of: last))
    part = position..<position
  }

  func start() { requestNext() }

  func cancel() {
    isCancelled = true
    if let request { http.cancel(request) }
    request = nil
  }

  func resume() { if let request { http.resume(request) } }

  // MARK: Requests

  private func requestNext() {
    if seed.kind == .files { passPadding() }
    guard !isCancelled else { return }
    guard position < end else { return runner.finish(self, .done) }
    var fetch: HTTPFetch
    switch seed.kind {
    case .files:
      guard let segment = nextSegment else { preconditionFailure("behind padding lies a file") }
      file = segment.file
      part = position..<position + segment.length
      fetch = HTTPFetch(
        url: seed.url(ofFile: file, in: info.layout), namedBy: runner.origin(of: seed))
      fetch.range = segment.offset...segment.offset + segment.length - 1
    case .pieces:
      let piece = PieceIndex(Int(position / UInt64(info.geometry.pieceLength)))
      let length = UInt64(info.geometry.length(of: piece))
      part = position..<position + length
      fetch = HTTPFetch(
        url: seed.url(
          ofPiece: piece, from: 0, through: UInt32(length - 1), infoHash: info.infoHash),
        namedBy: runner.origin(of: seed))
    }
    fetch.deadline = Self.deadline
    fetch.stallDeadline = Self.stallDeadline
    fetch.sourceAddress = runner.session.sourceAddress.map { "\($0)" }
    head = nil
    request = http.get(fetch, into: self) { [weak self] outcome in self?.take(outcome) }
  }

  private var nextSegment: FileSegment? {
    var segment: FileSegment?
    info.layout.forEachSegment(offset: position, length: end - position) {
      segment = $0
      return false
    }
    return segment
  }

  /// Padding (BEP 47) is zeros that no server has.
  private func passPadding() {
    while position < end {
      let next = nextSegment.map { info.layout.start(of: $0) } ?? end
      guard next > position else { return }
      let count = min(Int(next - position), Int(PieceGeometry.standardBlockLength))
      _ = [UInt8](repeating: 0, count: count).withUnsafeBytes { land($0, before: next) }
    }
  }

  private func take(_ outcome: HTTPOutcome) {
    request = nil
    if let fault { return end(with: fault) }
    switch outcome {
    case .failed(let reason):
      end(with: Fault(reason: reason, isPermanent: false))
    case .response(let status, _, _):
      if let fault = Self.fault(ofStatus: status, retryAfter: nil) { return end(with: fault) }
      guard position >= part.upperBound else {
        let reason = "the answer ended \(part.upperBound - position) bytes early"
        return end(with: Fault(reason: reason, isPermanent: false))
      }
      requestNext()
    }
  }

  private static func fault(ofStatus status: Int, retryAfter: TimeSpan?) -> Fault? {
    guard status != 200, status != 206 else { return nil }
    let passes = status >= 500 || status == 429 || status == 408
    return Fault(
      reason: "the server answered \(status)", isPermanent: !passes, retryAfter: retryAfter)
  }

  /// Pieces that a fault of the request under way says nothing good of.
  private func end(with fault: Fault) {
    runner.note(seed, failed: fault.reason)
    guard fault.isPermanent else {
      return runner.finish(self, .failed(retryAfter: fault.retryAfter))
    }
    switch seed.kind {
    case .files:
      let entry = info.layout.files[file]
      runner.finish(
        self, .refused(info.geometry.pieces(offset: entry.offset, length: entry.length)))
    case .pieces:
      runner.finish(self, .refused(0..<info.geometry.pieceCount))
    }
  }

  // MARK: HTTPBodyReceiver

  func received(_ head: HTTPHead) {
    self.head = head
    fault = Self.fault(ofStatus: head.status, retryAfter: head.retryAfter) ?? rangeFault(head)
  }

  /// Whether the answer holds something else than was asked for.
  private func rangeFault(_ head: HTTPHead) -> Fault? {
    guard seed.kind == .files else { return nil }
    let entry = info.layout.files[file]
    let first = part.lowerBound - entry.offset
    guard head.status == 206 else {
      guard first > 0 else { return nil }
      return Fault(reason: "the server sends whole files only", isPermanent: true)
    }
    guard let range = head.contentRange else {
      return Fault(reason: "the server does not say which part it sends", isPermanent: true)
    }
    guard range.first == first, range.last == part.upperBound - entry.offset - 1,
      range.total == nil || range.total == entry.length
    else { return Fault(reason: "the server has another file", isPermanent: true) }
    return nil
  }

  func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow {
    guard fault == nil else { return .end }
    guard runner.downloadAllowance > 0 else { return .pause }
    let rest = land(bytes, before: part.upperBound)
    guard !isCancelled else { return .end }
    runner.noteReceived(bytes.count)
    // A file that a server sends as a whole may go on behind what was asked for.
    return rest == 0 ? .goOn : .end
  }

  /// Adds bytes to the block that is coming together and hands over each that is whole.
  ///
  /// - Parameter limit: where the bytes end to be the torrent's.
  /// - Returns: how many bytes lie behind that.
  @discardableResult
  private func land(_ bytes: UnsafeRawBufferPointer, before limit: UInt64) -> Int {
    var rest = bytes[...]
    while !rest.isEmpty, position < limit {
      let current = self.current
      let taken = min(
        rest.count, Int(current.length) - block.count, Int(limit - position))
      block.append(contentsOf: rest.prefix(taken))
      rest = rest.dropFirst(taken)
      position += UInt64(taken)
      guard block.count == Int(current.length) else { continue }
      let isLast = current.offset + current.length == info.geometry.length(of: current.piece)
      if isLast {
        // Over the padding that ends the piece, which is in no block.
        position =
          info.geometry.offset(of: current.piece)
          + UInt64(info.geometry.span(of: current.piece))
      }
      runner.land(block, at: current, from: key)
      block.removeAll(keepingCapacity: true)
      // The block may have been the last that anybody wanted.
      guard !isCancelled else { return rest.count }
    }
    return rest.count
  }

  /// The block that `position` lies in, or begins.
  private var current: Block {
    let start = position - UInt64(block.count)
    let piece = PieceIndex(Int(start / UInt64(info.geometry.pieceLength)))
    let offset = start - info.geometry.offset(of: piece)
    return info.geometry.block(Int(offset / UInt64(info.geometry.blockLength)), in: piece)
  }
}
