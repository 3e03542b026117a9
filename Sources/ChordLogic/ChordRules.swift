/// The rules that keep a ring whole, each of which can be taken away to see that a test notices.
/// Production code never sets one.
package struct ChordRules: Sendable {
  /// A joiner takes over its predecessor's whole list: with one successor only, one crash would
  /// orphan it.
  package var joinersTakeLists = true
  /// A candidate becomes the successor only after it has answered: a dead one would displace a live
  /// one.
  package var candidatesAreAsked = true
  /// Who waits for an answer that will change its state lets nobody read that state, so that a step
  /// is as good as atomic.
  package var waitersAreBusy = true
  /// Only a node that knows its predecessor to lie before a key owns the key.
  package var ownersAreAsked = true
  /// A predecessor that does not answer gives way to whoever announces itself.
  package var predecessorsAreChecked = true
  /// A successor is told who precedes it.
  package var successorsAreNotified = true

  package init() {}
}
