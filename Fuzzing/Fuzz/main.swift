import Glibc

// Fuzz TARGET [libFuzzer's arguments]: feeds one target whatever libFuzzer comes up with.
// Fuzz --list: the targets, each with its kind. Fuzz --seeds TARGET FOLDER: writes its seeds.

/// LLVM's "libFuzzer as a library": the driver, which calls `input` with each input it makes.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ input: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

private func fail(_ message: String) -> Never {
  print("fuzz: \(message)")
  exit(2)
}

private func find(_ name: String) -> FuzzTarget {
  guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
    fail("no target '\(name)'; see --list")
  }
  return target
}

private func writeSeeds(of target: FuzzTarget, to folder: String) {
  for (number, seed) in target.seeds.enumerated() {
    let path = "\(folder)/seed-\(number)"
    guard let file = fopen(path, "w") else { fail("cannot write \(path)") }
    _ = seed.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
    fclose(file)
  }
}

private let words = CommandLine.arguments
guard words.count >= 2 else { fail("usage: Fuzz --list | --seeds TARGET FOLDER | TARGET …") }
switch words[1] {
case "--list":
  for target in FuzzTarget.all { print(target.name, target.kind.rawValue) }
case "--seeds" where words.count == 4:
  writeSeeds(of: find(words[2]), to: words[3])
default:
  FuzzTarget.chosen = find(words[1]).run
  // libFuzzer takes the rest for its own, the name of the program first.
  var count = CommandLine.argc - 1
  var arguments = CommandLine.unsafeArgv + 1
  exit(
    runFuzzer(&count, &arguments) { bytes, count in
      FuzzTarget.chosen(UnsafeRawBufferPointer(start: bytes, count: count))
      return 0
    })
}
