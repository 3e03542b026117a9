import Glibc
import Hashing

CryptoLibrary.keepUntilTheEnd()
exit(Shoal.run(CommandLine.arguments.dropFirst()).rawValue)
