import DeterministicCore
import Testing

@testable import SwarmLogic

@Suite struct EncryptionChoiceTests {
  private func script(_ policy: EncryptionPolicy) -> SwarmScript {
    var configuration = SwarmConfiguration()
    configuration.encryption = policy
    return SwarmScript(have: "1000", configuration: configuration)
  }

  @Test func whoRefusesWhatIsPreferredIsCalledAgainAtOnce() {
    script(.preferred).play(
      """
      0 dial a         -> connect a encrypted
      1 a refuses      -> connect a
      1 hello a plain  -> a: bits 10000000
      2 a ends         ->
      20 wake          -> connect a
      """)
  }

  @Test func onceNotTwice() {
    script(.preferred).play(
      """
      0 dial a     -> connect a encrypted
      1 a refuses  -> connect a
      1 a refuses  ->
      10 wake      ->
      20 wake      -> connect a encrypted
      """)
  }

  @Test func whoAnswersNothingPlainIsCalledEncryptedWhenItsTurnComesAgain() {
    script(.plain).play(
      """
      0 dial a     -> connect a
      1 a refuses  ->
      10 wake      ->
      20 wake      -> connect a encrypted
      21 a refuses -> connect a
      22 a refuses ->
      60 wake      -> connect a encrypted
      """)
  }

  @Test func whatIsRequiredIsNeverLeftOut() {
    script(.required).play(
      """
      0 dial a     -> connect a encrypted
      1 a refuses  ->
      20 wake      -> connect a encrypted
      """)
  }

  /// A swarm of peers that know of no encryption costs three connections more, and one of eight calls.
  @Test func aSwarmInTheOpenIsCalledInTheOpen() {
    var choice = EncryptionChoice(.preferred)
    for _ in 0..<EncryptionChoice.patience {
      let isEncrypted = choice.isNextEncrypted(known: nil)
      #expect(isEncrypted)
      choice.noteAnswer(encrypted: false, isSecondCall: true)
    }
    let calls = (0..<16).map { _ in choice.isNextEncrypted(known: nil) }
    #expect(calls.count { $0 } == 2)
    let known = (
      choice.isNextEncrypted(known: true), choice.isNextEncrypted(known: false)
    )
    #expect(known == (true, false))
    choice.noteAnswer(encrypted: true, isSecondCall: false)
    let isEncrypted = choice.isNextEncrypted(known: nil)
    #expect(isEncrypted)
  }
}
