import DeterministicCore
import PeerWire

// What happens because time passes.
extension Swarm {
  mutating func wake(at now: Moment, into effects: inout [SwarmEffect]) {
    let elapsed = max(0, (now - lastWake).seconds)
    lastWake = now
    dialBudget = min(
      Double(configuration.mostDials), dialBudget + elapsed * Double(configuration.dialsPerSecond))
    picker?.noteWaiting()
    for slot in peers.slots {
      if let key = peers.id(at: slot) { lookAfter(key, at: now, into: &effects) }
    }
    rechoke(at: now, into: &effects)
    exchangePeers(at: now, into: &effects)
    if picker == nil {
      requestMetadata(at: now, into: &effects)
      requestLayers(at: now, into: &effects)
    } else {
      repeatInquiries(at: now, into: &effects)
    }
    dial(at: now, into: &effects)
  }

  private mutating func lookAfter(
    _ key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard peers[key].phase != .webSeed else { return fetch(from: key, at: now, into: &effects) }
    guard peers[key].isConnected else {
      if now - peers[key].since >= configuration.handshakeDeadline {
        close(key, .handshakeTimeout, at: now, into: &effects)
      }
      return
    }
    guard now - peers[key].lastReceived < configuration.silenceDeadline else {
      return close(key, .silence, at: now, into: &effects)
    }
    if now - peers[key].lastSent >= configuration.keepAliveInterval {
      send(.keepAlive, to: key, at: now, into: &effects)
    }
    if isSuperSeeding { showToStuck(key, at: now, into: &effects) }
    if !peers[key].requests.isEmpty { noteSnubbing(by: key, at: now, into: &effects) }
    // A pipeline that found nothing to ask for is offered again what has become free since.
    fillPipeline(key, at: now, into: &effects)
  }
}
