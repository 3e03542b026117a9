import Glibc

exit(Shoal.run(CommandLine.arguments.dropFirst()).rawValue)
