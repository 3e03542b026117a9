/// Who named the place that a request is to go to. What strangers wrote must not turn this machine
/// against itself or its neighbours: services there often trust whoever can reach them.
///
/// The rule, in one sentence: a place on the internet may be named by anyone; one that is nearer
/// only by the user, by a document the user handed over and then as a tracker by its usual path,
/// or by somebody who is no farther away than it.
///
/// Judged is the address in the end, after names were looked up, for each hop: a name that changes
/// its address in between gains nothing (DNS rebinding).
public enum RequestOrigin: Hashable, Sendable {
  /// The user typed the address, as an operand or the value of a flag.
  case user
  /// A `.torrent` file or a magnet link that the user named, but did not write.
  case document
  /// Whoever answers there: by a redirect, in a reply, or in a document fetched from there.
  case host(Endpoint)

  /// What is asked for.
  public enum Purpose: Hashable, Sendable {
    /// An announce or a scrape at a path that nothing but a tracker uses.
    case usualAnnounce
    /// Anything else, where whoever wrote the URL chose what is asked for.
    case other
  }

  /// Whether a request may be sent to a tracker, web seed or file server.
  public func mayRequest(_ target: Endpoint, for purpose: Purpose) -> Bool {
    guard self != .user else { return true }
    switch target.address.scope {
    case .world: return target.port != 0
    case .link, .nowhere: return false
    case .machine, .site: break
    }
    switch self {
    case .user: return true
    case .document: return purpose == .usualAnnounce && target.isTrackerPort
    case .host(let origin):
      if target.isSameServer(as: origin) { return true }
      return origin.address.scope <= target.address.scope
        && purpose == .usualAnnounce && target.isTrackerPort
    }
  }

  /// Why nothing is sent to a target that `mayRequest` turned down, for people.
  public func refusal(of target: Endpoint, for purpose: Purpose) -> String {
    let subject = "not asked: \(target.address) is \(target.address.scope)"
    switch self {
    case .host: return subject + ", which nobody farther away may name"
    case .user, .document:
      // Web seeds are asked by the path of a file; a tracker with an unusual path is, too.
      return subject
        + "; if you trust that \(purpose == .usualAnnounce ? "tracker" : "server"), name it with "
        + (purpose == .usualAnnounce ? "--tracker" : "--tracker or --web-seed")
    }
  }

  /// Whether a peer may be dialled. Trackers inside a network with public addresses of its own name
  /// private ones rightly, so these pass whoever names them.
  public func mayName(peer: Endpoint) -> Bool {
    guard peer.isDialable, self != .user else { return peer.isDialable }
    switch peer.address.scope {
    case .world: return true
    case .link, .nowhere: return false
    case .site: return !peer.isPrivileged
    case .machine:
      if case .host(let origin) = self, origin.address.scope != .machine { return false }
      return !peer.isPrivileged
    }
  }
}

extension Endpoint {
  /// Below 1024 listen the machine's own services, and never a peer of ours.
  fileprivate var isPrivileged: Bool { port < 1024 }

  fileprivate var isTrackerPort: Bool { !isPrivileged || port == 80 || port == 443 }

  /// The same, or the same host over TLS.
  fileprivate func isSameServer(as other: Endpoint) -> Bool {
    address == other.address && (port == other.port || other.port == 80 && port == 443)
  }
}
