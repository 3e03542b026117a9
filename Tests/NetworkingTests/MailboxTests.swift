import DeterministicCore
import Foundation
import Testing

@testable import Networking

@Suite("A mailbox")
struct MailboxTests {
  struct Letter: Sendable {
    var sender: Int
    var number: Int
  }

  @Test("hands everything over that many threads send, in each sender's order")
  func manyThreads() throws {
    let reactor = try Reactor()
    let senders = 8
    let letters = 2000
    var received = Array(repeating: 0, count: senders)
    var isOrdered = true
    let mailbox: Mailbox<Letter> = try reactor.makeMailbox { batch in
      for letter in batch {
        isOrdered = isOrdered && letter.number == received[letter.sender]
        received[letter.sender] += 1
      }
    }
    for sender in 0..<senders {
      Thread.detachNewThread {
        var number = 0
        while number < letters {
          let count = min(1 + number % 3, letters - number)
          mailbox.send(
            contentsOf: (number..<number + count).map { Letter(sender: sender, number: $0) })
          number += count
          if number % 100 == 0 { usleep(50) }
        }
      }
    }
    reactor.run { received.allSatisfy { $0 == letters } }
    #expect(isOrdered)
  }

  @Test("wakes the loop once for all that gathered, and not at all for nothing")
  func oneWakeUp() throws {
    let reactor = try Reactor()
    var batches: [[Int]] = []
    let mailbox: Mailbox<Int> = try reactor.makeMailbox { batches.append($0) }
    mailbox.send(contentsOf: [])
    for number in 0..<100 { mailbox.send(number) }
    mailbox.send(contentsOf: 100..<200)
    reactor.run { !batches.isEmpty }
    #expect(batches == [Array(0..<200)])
    reactor.run(for: .milliseconds(5))
    #expect(batches.count == 1)
    mailbox.send(7)
    reactor.run { batches.count == 2 }
    #expect(batches.last == [7])
  }

  @Test("takes letters that are sent while others are handed over")
  func sendingWhileReceiving() throws {
    let reactor = try Reactor()
    var seen: [Int] = []
    var mailbox: Mailbox<Int>?
    mailbox = try reactor.makeMailbox { batch in
      seen += batch
      if seen.count < 50 { mailbox?.send(seen.count) }
    }
    mailbox?.send(0)
    reactor.run { seen.count == 50 }
    #expect(seen == Array(0..<50))
  }
}
