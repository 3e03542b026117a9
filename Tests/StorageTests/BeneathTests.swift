import CLinux
import Foundation
import Testing

/// The C shims that keep every path beneath its folder, in both ways: the kernel's own, and the one
/// for kernels and container filters that do not know it.
@Suite struct BeneathTests {
  enum Way: CaseIterable {
    case kernel, stepwise

    func open(_ folder: Int32, _ path: String, _ flags: Int32) -> (Int32, errno: Int32) {
      errno = 0
      let descriptor =
        switch self {
        case .kernel: shoal_open_beneath(folder, path, flags, 0o600)
        case .stepwise: shoal_open_beneath_stepwise(folder, path, flags, 0o600)
        }
      return (descriptor, errno)
    }
  }

  @Test(arguments: Way.allCases)
  func opensBeneathAndRefusesEveryWayOut(way: Way) throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "root/a/b/file")
    try folder.write([2], to: "secret")
    #expect(symlink("b", folder.path("root/a/link")) == 0)
    #expect(symlink("file", folder.path("root/a/b/link")) == 0)
    #expect(symlink("/etc", folder.path("root/absolute")) == 0)
    let root = shoal_open_folder(folder.path("root"))
    try #require(root >= 0)
    defer { close(root) }

    for path in ["a/b/file", "a/b/new"] {
      let (descriptor, code) = way.open(root, path, O_RDWR | O_CREAT)
      #expect(descriptor >= 0, "\(path): \(code)")
      #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
      close(descriptor)
    }
    let refused: [(path: String, errors: Set<Int32>)] = [
      ("a/link/file", [ELOOP]), ("a/b/link", [ELOOP]), ("absolute/hostname", [ELOOP]),
      ("../secret", [EXDEV]), ("/etc/hostname", [EXDEV]), ("a/../../secret", [EXDEV]),
      ("a/absent/file", [ENOENT]), ("a/b/file/below", [ENOTDIR]), ("", [ENOENT, EXDEV]),
      (String(repeating: "x", count: 256), [ENAMETOOLONG]),
    ]
    for (path, errors) in refused {
      let (descriptor, code) = way.open(root, path, O_RDONLY)
      #expect(descriptor < 0 && errors.contains(code), "'\(path)': \(descriptor), errno \(code)")
    }
  }

  @Test func foldersAreMadeBeneathOnly() throws {
    let folder = try TemporaryFolder()
    let outside = try TemporaryFolder()
    #expect(symlink(outside.path, folder.path("link")) == 0)
    let root = shoal_open_folder(folder.path)
    defer { close(root) }
    #expect(shoal_make_folders_beneath(root, "a/b/c/file", 0o700) == 0)
    #expect(shoal_make_folders_beneath(root, "a/b/d/file", 0o700) == 0)
    #expect(folder.exists("a/b/c") && folder.exists("a/b/d") && !folder.exists("a/b/c/file"))
    #expect(shoal_make_folders_beneath(root, "link/x/file", 0o700) == -1 && errno == ELOOP)
    #expect(shoal_make_folders_beneath(root, "../x/file", 0o700) == -1 && errno == EXDEV)
    #expect(shoal_make_folders_beneath(root, "a//file", 0o700) == -1 && errno == EXDEV)
    #expect(!outside.exists("x"))
  }
}
