import Hashing

/// Makes the names that a stranger gave files into names that can stand on a disk: each is one
/// component, none leads elsewhere or deceives whoever lists the folder, and no two files share a
/// path or run through each other.
///
/// The invariant: what comes out depends on the list alone, so that a download goes on, and a seed
/// finds its data, whenever it is started again; and a name that is harmless stays as it is.
public struct FileNames {
  /// What the file system below the download folder takes.
  public enum Rules: Hashable, Sendable {
    /// Any bytes but NUL and the slash: backslashes, colons and `CON` mean nothing there.
    case linux
    /// As Windows has it, on file systems that come from there; cases are not told apart.
    case windows
  }

  /// Bytes.
  private static let longestComponent = FileLayout.longestComponent
  /// Bytes of an ending such as `.flac` that outlive the shortening of a name.
  private static let longestEnding = 16

  /// Paths of files that have been given out.
  private var taken: Set<PathKey> = []
  private var folders: Set<PathKey> = []
  /// How many files wanted a path that was taken.
  private var rivals: [PathKey: Int] = [:]
  private let rules: Rules

  private init(_ rules: Rules) { self.rules = rules }

  /// One path for each listed one, in their order, as fit as `component` makes it. Of files that
  /// would share a path the first keeps it and the others are numbered; a file makes way for a
  /// folder.
  public static func paths(for listed: [[String]], by rules: Rules = .linux) -> [[String]] {
    var paths = listed.map { path in path.map { component($0, by: rules) } }
    tellApart(&paths, by: rules)
    return paths
  }

  static func tellApart(_ paths: inout [[String]], by rules: Rules = .linux) {
    var names = FileNames(rules)
    for path in paths { names.noteFolders(of: path) }
    for index in paths.indices { names.claim(&paths[index]) }
  }

  /// One name as it can stand on the disk.
  public static func component(_ name: String, by rules: Rules = .linux) -> String {
    if rules == .linux, name.withBytes(isPlain) { return name }
    var clean = ""
    clean.unicodeScalars.append(
      contentsOf: name.unicodeScalars.map { scalar in
        scalar == "/" || SafeText.isHidden(scalar) || rules == .windows && isForWindows(scalar)
          ? "_" : scalar
      })
    if isDots(clean) { clean = String(repeating: "_", count: max(1, clean.utf8.count)) }
    if rules == .windows { clean = adaptedToWindows(clean) }
    return clean.utf8.count <= longestComponent ? clean : shortened(clean, of: name)
  }

  /// A component as it stands, of visible ASCII alone.
  private static func isPlain(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
    FileLayout.isSafe(name) && name.allSatisfy { 0x20...0x7e ~= $0 }
  }

  /// Empty, the folder itself, or the one above.
  private static func isDots(_ name: String) -> Bool { name == "" || name == "." || name == ".." }

  // MARK: Lengths

  /// A name that is too long keeps its beginning and its ending; a hash of the whole tells it from
  /// others that begin and end alike.
  private static func shortened(_ clean: String, of name: String) -> String {
    inserted("~" + Hexadecimal.encode(SHA1.hash(name.utf8).bytes.prefix(8)), in: clean)
  }

  /// Puts a mark before the ending of a name, and drops what does not fit of the name.
  private static func inserted(_ mark: String, in name: String) -> String {
    var stem = name[...]
    var ending = name[name.endIndex...]
    if let dot = name.lastIndex(of: "."), dot != name.startIndex,
      name[dot...].utf8.count <= longestEnding
    {
      stem = name[..<dot]
      ending = name[dot...]
    }
    var room = longestComponent - mark.utf8.count - ending.utf8.count
    // Whole scalars, so that what is left is UTF-8; a Character may be longer than any name.
    let kept = stem.unicodeScalars.prefix { scalar in
      room -= UTF8.width(scalar)
      return room >= 0
    }
    return String(kept) + mark + ending
  }

  // MARK: Windows

  private static func isForWindows(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\\", ":", "*", "?", "\"", "<", ">", "|": true
    default: false
    }
  }

  /// Names of devices are taken whatever ending they have, and dots and spaces at the end of a name
  /// are lost.
  private static func adaptedToWindows(_ name: String) -> String {
    let kept = name.unicodeScalars.reversed().drop { $0 == "." || $0 == " " }.count
    let lost = name.unicodeScalars.count - kept
    let name = String(name.unicodeScalars.prefix(kept)) + String(repeating: "_", count: lost)
    let stem = name.prefix { $0 != "." }.uppercased()
    let isDevice =
      ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(stem)
      || stem.utf8.count == 4 && (stem.hasPrefix("COM") || stem.hasPrefix("LPT"))
        && stem.utf8.last.map { (48...57).contains($0) } == true
    return isDevice ? "_" + name : name
  }

  // MARK: Collisions

  private mutating func noteFolders(of path: [String]) {
    var key = PathKey()
    for folder in path.dropLast() {
      key.append(folder, by: rules)
      folders.insert(key)
    }
  }

  /// A path that is wanted again goes on where its last number was, so that a list of one name a
  /// million times takes a million steps.
  private mutating func claim(_ path: inout [String]) {
    guard let name = path.last else { return }
    var parent = PathKey()
    for folder in path.dropLast() { parent.append(folder, by: rules) }
    let wanted = parent.appending(name, by: rules)
    var key = wanted
    while folders.contains(key) || !taken.insert(key).inserted {
      rivals[wanted, default: 0] += 1
      path[path.count - 1] = Self.inserted(" (\(rivals[wanted, default: 0]))", in: name)
      key = parent.appending(path[path.count - 1], by: rules)
    }
  }
}

/// Stands for a path among others in the room of a word, since a document may hold half a million
/// folders: FNV-1a over its components. Whoever finds two paths with one key has one of them
/// renamed for nothing.
private struct PathKey: Hashable {
  private var word: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func append(_ component: String, by rules: FileNames.Rules) {
    add(UInt8(ascii: "/"))
    if rules == .windows {
      for byte in component.lowercased().utf8 { add(byte) }
    } else {
      for byte in component.utf8 { add(byte) }
    }
  }

  func appending(_ component: String, by rules: FileNames.Rules) -> PathKey {
    var key = self
    key.append(component, by: rules)
    return key
  }

  private mutating func add(_ byte: UInt8) {
    word = (word ^ UInt64(byte)) &* 0x100_0000_01b3
  }
}
