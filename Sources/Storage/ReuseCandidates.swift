import Hashing
import TorrentModel

/// The files of a folder that may hold what a torrent's files hold: those of the same path first,
/// then those of the same content or length wherever they are, then those of the same name.
///
/// The invariant: no file is offered twice for one file of the torrent, nor a file for itself.
struct ReuseCandidates {
  /// Why a file might do.
  enum Way: Hashable {
    /// It stands where the torrent has the file, below the folder itself, below the torrent's name,
    /// or below another single name: that of the earlier version.
    case path
    /// Its hash tree has the same root (BEP 52).
    case root
    /// It is as long. Several may be.
    case length
    /// It has the same name, and may be the same in part.
    case name

    /// In the order in which they are worth reading.
    static func all(for info: TorrentInfo) -> [Way] {
      // Without roots a file of a common length is tried a few times and no more.
      info.version.hasV2 ? [.path, .root, .name] : [.path, .length, .length, .length, .name]
    }
  }

  let folder: Folder
  private let info: TorrentInfo
  private let files: [ContentScan.File]
  private var byPath: [String: [Int]] = [:]
  private var byLength: [UInt64: [Int]] = [:]
  private var byName: [String: [Int]] = [:]
  /// Which file each of the torrent's is on the disk, where it is there.
  private let identities: [FileIdentity?]
  private var tried: [Set<Int>]
  /// Of files that were hashed.
  private var roots: [Int: Bytes32] = [:]

  /// Looks what is in a folder; what cannot be listed is passed over.
  init(in path: String, of info: TorrentInfo, target: FileStorage) throws(StorageError) {
    let scan = try ContentScan(path: path, passesOverTrouble: true)
    self.info = info
    folder = scan.folder
    files = scan.files
    identities = info.layout.files.indices.map { target.identity(of: $0) }
    tried = Array(repeating: [], count: info.layout.files.count)
    for (number, file) in files.enumerated() where file.mark.length > 0 {
      byPath[Self.key(file.path[...]), default: []].append(number)
      if file.path.count > 1 {
        byPath[Self.key(file.path.dropFirst()), default: []].append(number)
      }
      byLength[file.mark.length, default: []].append(number)
      byName[file.path[file.path.count - 1], default: []].append(number)
    }
  }

  private static func key(_ path: ArraySlice<String>) -> String { path.joined(separator: "/") }

  /// For each file of the torrent that lacks a piece the path of one that may hold it, nil for the
  /// others and where there is none.
  mutating func files(
    by way: Way, missingFrom have: Bitfield, cancellation: Cancellation
  ) throws(StorageError) -> [String?] {
    let wanted = info.layout.files.indices.filter { lacksPiece($0, have) }
    if way == .root { try readRoots(for: wanted, cancellation) }
    var chosen = [String?](repeating: nil, count: info.layout.files.count)
    for file in wanted {
      let fits = candidates(for: file, by: way).first { number in
        !tried[file].contains(number) && files[number].identity != identities[file]
          && canRead(number)
      }
      guard let fits else { continue }
      tried[file].insert(fits)
      chosen[file] = files[fits].place
    }
    return chosen
  }

  private func lacksPiece(_ file: Int, _ have: Bitfield) -> Bool {
    let entry = info.layout.files[file]
    return info.geometry.pieces(offset: entry.offset, length: entry.length).contains {
      !have[PieceIndex($0)]
    }
  }

  private func candidates(for file: Int, by way: Way) -> [Int] {
    let entry = info.layout.files[file]
    switch way {
    case .path:
      return byPath[Self.key(entry.path[...])] ?? []
    case .root:
      guard let root = info.root(ofFile: file) else { return [] }
      return (byLength[entry.length] ?? []).filter { roots[$0] == root }
    case .length:
      let alike = byLength[entry.length] ?? []
      let name = entry.path[entry.path.count - 1]
      return alike.filter { files[$0].path.last == name } + alike
    case .name:
      // More than a few files of one name have it for another reason than what is in them.
      let alike = byName[entry.path[entry.path.count - 1]] ?? []
      return alike.count <= Self.mostNamesakes ? alike : []
    }
  }

  private static let mostNamesakes = 4

  private func canRead(_ file: Int) -> Bool { folder.canRead(files[file].place) }

  // MARK: Roots

  /// Hashes the files that are as long as one of the torrent's that is wanted.
  private mutating func readRoots(
    for wanted: [Int], _ cancellation: Cancellation
  ) throws(StorageError) {
    let lengths = Set(wanted.map { info.layout.files[$0].length })
    let numbers = files.indices.filter {
      lengths.contains(files[$0].mark.length) && roots[$0] == nil && canRead($0)
    }
    guard !numbers.isEmpty, let aligned = try? layout(of: numbers),
      let geometry = PieceGeometry(aligned, pieceLength: UInt64(info.geometry.pieceLength)),
      let trees = TreeGeometry(aligned, geometry)
    else { return }
    let storage = FileStorage(
      folder, layout: aligned, paths: numbers.map { files[$0].place }, access: .readOnly,
      descriptors: DescriptorPool())
    let scan = PieceScan(
      storage: storage, geometry: geometry, plan: HashPlan(takesSHA1: false, trees: trees),
      threads: WorkerThread.recommendedCount, passesOverAbsence: true, cancellation: cancellation)
    let nodes = Monitor([Bytes32?](repeating: nil, count: geometry.pieceCount))
    try scan.run(
      progress: { _ in },
      found: { piece, hashes in nodes.withLock { $0[piece.index] = hashes.root } })
    let found = nodes.withLock { $0 }
    var lanes = SHA256Lanes()
    for tree in trees.trees {
      let own = found[tree.pieces].compactMap { $0 }
      guard own.count == tree.pieceCount else { continue }
      roots[numbers[tree.file]] = trees.root(of: tree, pieceNodes: own[...], with: &lanes)
    }
  }

  /// Files side by side, each beginning a piece.
  private func layout(of numbers: [Int]) throws(MetainfoError) -> FileLayout {
    try FileLayout(
      name: "reuse", isSingleFile: false,
      listed: numbers.map { ListedFile(path: ["\($0)"], length: files[$0].mark.length) },
      alignment: UInt64(info.geometry.pieceLength))
  }
}
