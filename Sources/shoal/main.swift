import Glibc
import Hashing

CryptoLibrary.keepUntilTheEnd()
DescriptorLimit.raise()
exit(Shoal.run(CommandLine.arguments.dropFirst()).rawValue)
