import Glibc
public import TorrentModel

/// The router that packets to the internet go to, as the kernel has it (IPv4).
public enum DefaultGateway {
  public static var address: Address? {
    guard let file = fopen("/proc/net/route", "re") else { return nil }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 512)
    while fgets(&buffer, Int32(buffer.count), file) != nil {
      let line = String(
        decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if let address = address(inRoute: line) { return address }
    }
    return nil
  }

  /// Interface, destination, gateway, flags and more; addresses as hexadecimal words in the order of
  /// this machine.
  static func address(inRoute line: String) -> Address? {
    let fields = line.split { $0 == "\t" || $0 == " " || $0 == "\n" }
    guard fields.count > 7, fields[1] == "00000000", fields[7] == "00000000",
      let word = UInt32(fields[2], radix: 16), word != 0
    else { return nil }
    return .v4(UInt32(bigEndian: word))
  }
}
