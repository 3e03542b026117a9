import HTTPWire
import TorrentModel

/// The parameters of a request: of its query and, where it is a form, of its body.
struct FormFields {
  private let queries: [HTTPQuery]

  init(_ request: HTTPRequest) {
    let isForm = request.headers["content-type"]?.hasPrefix("application/x-www-form-urlencoded")
    queries = [request.query] + (isForm == true ? [HTTPQuery(raw: request.body[...])] : [])
  }

  /// Every value of that name that is text.
  func all(_ name: String) -> [String] {
    queries.flatMap { query in
      query.filter { $0.isNamed(name) }.compactMap { pair in
        pair.value.flatMap { String(validating: $0, as: UTF8.self) }
      }
    }
  }

  /// The first that is not empty.
  subscript(name: String) -> String? { all(name).first { !$0.isEmpty } }

  /// A whole number within a range.
  func number(_ name: String, in range: ClosedRange<Int>) throws(BadField) -> Int? {
    guard let text = self[name] else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw BadField(
        reason: "\(name) wants a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }
}

/// A parameter that says nothing that can be done.
struct BadField: Error {
  let reason: String
}
