import Storage
import TorrentModel

struct RecheckProgress { var bytesDone: UInt64 }
struct Recheck {
  let storage: any PieceStorage
  let info: TorrentInfo
  init(storage: any PieceStorage, info: TorrentInfo) {
    self.storage = storage
    self.info = info
  }
  func run(_ p: (RecheckProgress) -> Bool) throws(StorageError) -> Bitfield {
    var have = Bitfield(count: info.geometry.pieceCount)
    let h = PieceHasher()
    for i in 0..<info.geometry.pieceCount {
      let p = PieceIndex(i)
      let n = Int(info.geometry.length(of: p))
      var b = [UInt8](repeating: 0, count: n)
      var ok = true
      b.withUnsafeMutableBytes { x in
        do { try storage.read(into: x, at: info.geometry.offset(of: p)) } catch { ok = false }
      }
      if ok, b.withUnsafeBytes({ h.hash($0) }) == info.hash(of: p) { have.insert(p) }
    }
    return have
  }
}
enum FilePath {
  static func split(_ p: String) -> (String, String) {
    guard let s = p.lastIndex(of: "/") else { return (".", p) }
    return (String(p[..<s]), String(p[p.index(after: s)...]))
  }
}
