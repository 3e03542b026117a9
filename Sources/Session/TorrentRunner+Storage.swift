import DeterministicCore
import Glibc
import Hashing
import Networking
import PeerWire
import Storage
import SwarmLogic
import TorrentModel

/// What a check found on the disk.
struct CheckedContent: Sendable {
  var have: Bitfield
  /// The pieces among them that were believed unread; nil without an earlier run's state.
  let trusted: Bitfield?
  /// What came from other files of this machine.
  var reused: [ReuseReport] = []
}

// Metadata, files, buffers and hashing.
extension TorrentRunner {
  /// Takes the info dictionary that peers handed over.
  func take(metadata bytes: [UInt8]) {
    do {
      let info = try TorrentInfo(metadata: bytes, expecting: infoHash, source.infoHashV2)
      guard info.canVerify else { return fetchLayers(of: info) }
      open(info)
    } catch .hashMismatch {
      tell(.metadataFailed)
    } catch {
      // The bytes are what the info-hash names, so no peer has better ones.
      fail(.metadata(error))
    }
  }

  /// Has the swarm fetch what metadata does not hold: the nodes of hash trees that stand for pieces.
  private func fetchLayers(of info: TorrentInfo) {
    guard let trees = info.trees, unverifiable == nil else { return }
    unverifiable = info
    if info.isPrivate { tell(.madePrivate) }
    tell(.layersMissing(trees, metadata: Array(info.bytes)))
  }

  /// Takes the nodes that peers handed over.
  func take(nodes: [Bytes32]) {
    guard var info = unverifiable else { return }
    unverifiable = nil
    do {
      try info.take(nodes: nodes)
      open(info)
    } catch {
      // Each was seen to lead to its root: the tree is one that no file has.
      fail(.metadata(error))
    }
  }

  /// Reads a piece for the digests of its blocks, off the loop.
  func readLeaves(of piece: PieceIndex, for key: PeerKey, _ range: HashRange) {
    guard let storage, let info else { return tell(.leavesRead(key, range, piece, [])) }
    let (mailbox, id, geometry) = (session.mailbox!, id, info.geometry)
    session.workers.run {
      let leaves = (try? PieceLeaves.read(piece, geometry, from: storage)) ?? []
      mailbox.send(.leavesRead(torrent: id, .leavesRead(key, range, piece, leaves)))
    }
  }

  /// Opens the files of a torrent and has what is there checked, off the loop.
  func open(_ info: TorrentInfo) {
    guard self.info == nil else { return }
    self.info = info
    swarm.learn(v1: info.infoHashV1, v2: info.infoHashV2?.truncated)
    if info.isPrivate { tell(.madePrivate) }
    openWebSeeds()
    report(.metadata(info))
    openFiles(info)
  }

  /// Also tried again where the disk had refused it.
  func openFiles(_ info: TorrentInfo) {
    do {
      let storage = try makeStorage(info)
      self.storage = storage
      if options.trustsData {
        let content = CheckedContent(have: .full(count: info.geometry.pieceCount), trusted: nil)
        return finishChecking(.success(content))
      }
      enter(.checking)
      check(storage, info)
    } catch {
      giveUpOpening(error)
    }
  }

  private func makeStorage(_ info: TorrentInfo) throws(StorageError) -> any PieceStorage {
    if let storage = options.storage { return storage }
    return try FileStorage(
      folder: options.folder, layout: info.layout, as: options.alias,
      access: options.isReadOnly ? .readOnly : .readWrite(), descriptors: session.descriptors)
  }

  private func check(_ storage: any PieceStorage, _ info: TorrentInfo) {
    let mailbox = session.mailbox!
    let id = id
    let isReadOnly = options.isReadOnly
    let cancellation = cancellation
    let restored = keeping?.restored
    let verified = options.verifiedPieces
    let wanted = wantedPieces(info)
    let folders = isReadOnly ? [] : foldersToReuse(info)
    session.workers.run {
      let outcome: Result<CheckedContent, StorageError>
      do throws(StorageError) {
        let trusted = verified ?? restored?.trustedPieces(storage.marks())
        let verifier = Verifier(info, in: storage, trusting: trusted, cancellation: cancellation)
        let progress = { bytes in mailbox.send(.checkProgress(torrent: id, bytes: bytes)) }
        var content = CheckedContent(have: try verifier.run(progress: progress), trusted: trusted)
        if let files = storage as? FileStorage {
          let reuse = LocalReuse(info, into: files, wanted: wanted, cancellation: cancellation)
          for folder in folders {
            let outcome = try reuse.run(
              from: folder, missingFrom: content.have, progress: progress)
            content.have.formUnion(outcome.found)
            content.reused.append(ReuseReport(folder: folder, outcome, in: info.geometry))
          }
        }
        if !isReadOnly { try storage.prepare() }
        outcome = .success(content)
      } catch {
        outcome = .failure(error)
      }
      mailbox.send(.checked(torrent: id, outcome))
    }
  }

  /// Where pieces may be found beside their places: in folders that were named, and in the torrent's
  /// own, in which an earlier version may have its files under other names. That is looked through
  /// once: what a run has left there, the next finds in its place.
  private func foldersToReuse(_ info: TorrentInfo) -> [String] {
    let isFirstRun = keeping?.restored == nil && options.verifiedPieces == nil
    guard isFirstRun, options.storage == nil, !info.layout.isSingleFile else {
      return options.reuse
    }
    let own = options.folder + "/" + (options.alias ?? info.layout.name)
    var status = stat()
    guard lstat(own, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return options.reuse }
    return [own] + options.reuse
  }

  func finishChecking(_ outcome: Result<CheckedContent, StorageError>) {
    guard phase != .stopped, let info else { return }
    switch outcome {
    case .failure(let error):
      giveUpOpening(error)
    case .success(let content):
      let have = content.have
      refused.attempts = 0
      report(trusted: content.trusted, of: info)
      for reuse in content.reused where reuse.bytes > 0 || reuse.trouble != nil {
        report(.reuse(reuse))
      }
      buffers = Array(repeating: nil, count: info.geometry.pieceCount)
      let wanted = wantedPieces(info)
      wantedBytes = wanted?.pieces.reduce(0) { $0 + UInt64(info.geometry.length(of: $1)) }
      let isFinished = have.isFull || wanted.map { $0.countMissing(from: have) == 0 } ?? false
      if let trees = info.trees { tell(.trees(trees)) }
      tell(.ready(info.geometry, have: have, wanted: wanted, metadata: Array(info.bytes)))
      prioritize(info)
      swarm.limitPartialPieces(
        to: max(2, session.configuration.bufferBytes / Int(info.geometry.pieceLength)))
      if options.isReadOnly, !have.isFull { tell(.downloadPaused(true)) }
      moveWindows()
      wakeReaders()
      // Whoever hears of the phase may ask the swarm what is here.
      enter(isFinished ? .seeding : .downloading)
      introduce()
      ring?.refresh()
      scheduleKeeping(after: session.configuration.firstKeeping)
    }
  }

  /// The pieces that the wanted files lie in; nil when all files are wanted.
  private func wantedPieces(_ info: TorrentInfo) -> Bitfield? {
    let selected = options.wantsFile == nil ? source.selectedFiles : []
    guard options.wantsFile != nil || !selected.isEmpty else { return nil }
    var wanted = Bitfield(count: info.geometry.pieceCount)
    for (index, file) in info.layout.files.enumerated() {
      let path = info.layout.pathBelowDownloadFolder(of: index).joined(separator: "/")
      guard options.wantsFile?(path) ?? selected.contains(where: { $0.contains(index) }) else {
        continue
      }
      for piece in info.geometry.pieces(offset: file.offset, length: file.length) {
        wanted.insert(PieceIndex(piece))
      }
    }
    return wanted
  }

  /// Tells the swarm which pieces are wanted sooner or later than others: a piece of several files as
  /// soon as the first of them.
  private func prioritize(_ info: TorrentInfo) {
    guard let priorityOfFile = options.priorityOfFile else { return }
    var priorities: [Int: PiecePriority] = [:]
    for (index, file) in info.layout.files.enumerated() {
      let path = info.layout.pathBelowDownloadFolder(of: index).joined(separator: "/")
      let priority = priorityOfFile(path)
      for piece in info.geometry.pieces(offset: file.offset, length: file.length) {
        priorities[piece] = max(priorities[piece] ?? .low, priority)
      }
    }
    let unusual = priorities.filter { $0.value != .normal }.sorted { $0.key < $1.key }
    if !unusual.isEmpty { tell(.priorities(unusual.map { (PieceIndex($0.key), $0.value) })) }
  }

  func fail(_ failure: TorrentFailure) {
    enter(.failed(failure))
    dropRefusedPieces()
    if swarm.isReady { tell(.downloadPaused(true)) }
  }

  // MARK: Verifying

  func verify(_ piece: PieceIndex, isSuspect: Bool) {
    guard let info, let storage, let buffer = buffers[piece.index] else { return }
    session.workers.submit(
      VerifyJob(
        torrent: id.word, piece: piece, offset: info.geometry.offset(of: piece),
        expected: info.check(of: piece), storage: storage, buffer: buffer,
        isSuspect: isSuspect),
      resultsTo: session.courier)
  }

  func take(_ result: WorkerResult) {
    guard phase != .stopped else { return }
    buffers[result.piece.index] = nil
    switch result.outcome {
    case .stored: tell(.pieceVerified(result.piece, blockDigests: result.blockDigests))
    case .mismatched: tell(.pieceFailed(result.piece, blockDigests: result.blockDigests))
    case .failed(let error): return hold(result, refusedWith: error)
    }
    noteWritten(result.piece)
  }

  // MARK: Buffers

  /// Where a block of a piece that is coming together lies; nil when there is no memory for it.
  func place(of block: Block) -> UnsafeMutableRawPointer? {
    if buffers[block.piece.index] == nil, let info {
      let buffer = bufferPool.buffer(count: info.bufferLength(of: block.piece))
      // Padding is not fetched, and is hashed as the zeros that it is.
      let length = Int(info.geometry.length(of: block.piece))
      if let bytes = buffer?.bytes, length < bytes.count {
        UnsafeMutableRawBufferPointer(rebasing: bytes[length...])
          .initializeMemory(as: UInt8.self, repeating: 0)
      }
      buffers[block.piece.index] = buffer
    }
    guard let buffer = buffers[block.piece.index] else { return nil }
    return buffer.bytes.baseAddress.map { $0 + Int(block.offset) }
  }

  /// Frees the buffer of a piece that is given up.
  func abandon(_ piece: PieceIndex) {
    for transport in transports { transport?.discardLanding { $0.piece == piece } }
    buffers[piece.index] = nil
  }

  // MARK: Uploading

  /// Pieces of which the kernel has lately been told that they will be read.
  private static let readAheadMemory = 32

  func upload(_ block: Block, to key: PeerKey) {
    guard let storage, let info else { return }
    if !readAheadPieces.contains(block.piece) {
      if readAheadPieces.count == Self.readAheadMemory { readAheadPieces.removeFirst() }
      readAheadPieces.append(block.piece)
      storage.readAhead(
        offset: info.geometry.offset(of: block.piece),
        length: UInt64(info.geometry.length(of: block.piece)))
    }
    transport(key)?.send(block)
  }
}
