import Glibc

DescriptorLimit.raise()
exit(Shoal.run(CommandLine.arguments.dropFirst()).rawValue)
