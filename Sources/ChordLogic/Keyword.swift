public import ChordWire
import Hashing

/// Words as torrents are found by.
public enum Keyword {
  /// The words of a name: runs of letters and digits, in lower case.
  public static func words(of name: String) -> [String] {
    name.split { !($0.isLetter || $0.isNumber) }.map { normalized(String($0)) }
  }

  public static func normalized(_ word: String) -> String { word.lowercased() }

  /// Where the records of a word are kept.
  public static func target(of word: String) -> Identifier {
    Identifier(SHA1.hash(Array(normalized(word).utf8)))
  }

  /// Where the records of a pair of words are kept, in whichever order they are named: common words
  /// have too many records, common pairs far fewer.
  public static func target(of first: String, _ second: String) -> Identifier {
    let words = [normalized(first), normalized(second)].sorted()
    return target(of: words.joined(separator: " "))
  }
}
