import Glibc
import Testing

@testable import Storage

@Suite struct `What a scan keeps open` {
  @Test func `a folder is named until everything is closed`() throws {
    let files = OpenFiles(capacity: 0, folderCapacity: 1)
    let root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(root) }
    let slot = try #require(files.keep(folder: root))
    let descriptor = try #require(files.folder(slot))
    #expect(descriptor != root && fcntl(descriptor, F_GETFD) >= 0)
    #expect(files.keep(folder: root) == nil, "more than there is room for")

    files.closeAll()
    #expect(files.folder(slot) == nil)
  }

  @Test func `a file is handed over once`() throws {
    let files = OpenFiles(capacity: 1, folderCapacity: 0)
    let folder = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(folder) }
    // A file of no length is told of and not kept.
    let empty = try #require(files.open("status", in: folder, longest: 1 << 20))
    #expect(empty.slot == nil && files.hasRoom)

    let binaries = open("/bin", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(binaries) }
    let slot = try #require(files.open("true", in: binaries, longest: 1 << 20)?.slot)
    #expect(!files.hasRoom)
    let taken = try #require(files.take(slot))
    #expect(files.take(slot) == nil)
    close(taken)
  }
}
