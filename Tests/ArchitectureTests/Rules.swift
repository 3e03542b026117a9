/// The rules of the house. Each returns a sentence for every violation it finds in a source.
enum Rules {
  static func violations(in source: SourceFile) -> [String] {
    guard let floor = House.floor(of: source.module) else {
      return ["\(source.name): module \(source.module) stands on no floor; add it to House.floors"]
    }
    var found: [String] = []
    for imported in source.imports {
      if let sentence = complaint(about: imported, in: source, on: floor) { found.append(sentence) }
    }
    if isPure(source.module, on: floor) { found += impurities(in: source) }
    if source.lines.count > House.longestFile {
      found.append("\(source.name): \(source.lines.count) lines, over \(House.longestFile)")
    }
    if source.declaredTypes.contains(source.module) {
      found.append("\(source.name): a type has the name of its module, \(source.module)")
    }
    return found
  }

  private static func isPure(_ module: String, on floor: Int) -> Bool {
    floor <= House.highestPureFloor || House.pureModules.contains(module)
  }

  private static func complaint(
    about imported: String, in source: SourceFile, on floor: Int
  ) -> String? {
    let pure = isPure(source.module, on: floor)
    if House.basement.contains(imported) {
      return pure && !House.pureShims.contains(imported)
        ? "\(source.name): floor \(floor) imports the shim \(imported)" : nil
    }
    guard let other = House.floor(of: imported) else {
      return pure && !House.pureLibraries.contains(imported)
        ? "\(source.name): floor \(floor) imports \(imported)" : nil
    }
    if other < floor || House.neighbours[source.module]?.contains(imported) == true { return nil }
    return other == floor
      ? "\(source.name): imports its neighbour \(imported) on floor \(floor)"
      : "\(source.name): floor \(floor) imports \(imported) of floor \(other)"
  }

  private static func impurities(in source: SourceFile) -> [String] {
    zip(1..., source.code).flatMap { number, line in
      House.impureWords.filter { contains($0, in: line) }.map { word in
        "\(source.name):\(number): \(word) on a floor where everything is a function of its arguments"
      }
    }
  }

  /// Whether `line` has `word` other than as the end or the beginning of a longer identifier.
  private static func contains(_ word: String, in line: String) -> Bool {
    func continues(_ character: Character?) -> Bool {
      character.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false
    }
    return line.ranges(of: word).contains { range in
      let before = line[..<range.lowerBound].last
      let after = line[range.upperBound...].first
      let startsIdentifier = continues(word.first)
      let endsIdentifier = continues(word.last)
      return !(startsIdentifier && continues(before)) && !(endsIdentifier && continues(after))
    }
  }
}
