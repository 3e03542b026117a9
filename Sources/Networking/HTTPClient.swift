import CCurl
public import DeterministicCore
import Glibc
public import HTTPWire
public import TorrentModel

/// What to fetch, and how much of the machine it may cost.
public struct HTTPFetch: Sendable {
  public var url: String
  /// Who named the URL, and what is asked for: they decide which addresses may be connected to.
  public var origin: RequestOrigin
  public var purpose = RequestOrigin.Purpose.other
  /// Bytes of body, after decompression, beyond which the fetch fails.
  public var longestBody = 1 << 20
  /// From the start to the last byte.
  public var deadline = TimeSpan.seconds(30)
  /// How long nothing may arrive; nil for as long as the deadline allows.
  public var stallDeadline: TimeSpan?
  /// Offsets of the first and last byte wanted; nil for the whole document.
  public var range: ClosedRange<UInt64>?
  public var mostRedirects = 5
  /// The local address to come from, where one was chosen.
  public var sourceAddress: String?

  public init(url: String, namedBy origin: RequestOrigin) {
    self.url = url
    self.origin = origin
  }
}

/// The beginning of an answer.
public struct HTTPHead: Sendable {
  public var status: Int
  public var contentRange: ContentRange?
  /// How long to wait before the next request, where the server says so (RFC 9110, section 10.2.3).
  public var retryAfter: TimeSpan?
}

/// Takes an answer as it comes. Called on the loop.
public protocol HTTPBodyReceiver: AnyObject {
  /// Called once before the body, if there is any.
  func received(_ head: HTTPHead)
  func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow
}

public enum HTTPFlow: Sendable {
  case goOn
  /// The bytes were not taken; they come again after `resume`.
  case pause
  /// Enough: the fetch ends here, as if the answer had.
  case end
}

/// Names a fetch that is under way.
public typealias HTTPFetchID = UInt64

public enum HTTPOutcome: Sendable {
  /// With where it came from, after redirects. The body is empty where a receiver took it.
  case response(status: Int, body: [UInt8], from: Endpoint)
  /// No answer, or none that could be taken, in words for people.
  case failed(String)
}

/// HTTP and HTTPS by libcurl, driven by the reactor: libcurl says which descriptors and which
/// moment it waits for, and is called when they come.
///
/// Speaks http and https only, also after a redirect, and through no proxy but the one it was made
/// with, whatever an environment variable names: the address that a tracker sees is the one that peers see. No connection serves
/// two requests, so that each is judged by `RequestOrigin` before anything is sent.
///
/// The invariant: `transfers` holds exactly the handles that are added to the multi handle, so a
/// completion is called at most once for each fetch, and never from within `get`.
public final class HTTPClient {
  private let reactor: Reactor
  /// What all requests go through, if anything; names are looked up there, too.
  private let proxy: Proxy?
  private let multi: UnsafeMutableRawPointer
  private var transfers: [UnsafeMutableRawPointer: HTTPTransfer] = [:]
  private var sockets: [Int32: SocketWatcher] = [:]
  private var timer: SlabID?
  private var nextID: HTTPFetchID = 0
  /// Fetches that are to begin once libcurl, which is calling us, takes calls itself.
  private var waiting: [UnsafeMutableRawPointer] = []
  /// How deep we are in calls of libcurl's that call us.
  private var depth = 0

  public static let userAgent = "Shoal/0.1.0"
  private static let connectDeadline = TimeSpan.seconds(15)

  public init(on reactor: Reactor, through proxy: Proxy? = nil) {
    self.reactor = reactor
    self.proxy = proxy
    curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    guard let multi = curl_multi_init() else { preconditionFailure("libcurl has no memory left") }
    self.multi = multi
    let context = Unmanaged.passUnretained(self).toOpaque()
    shoal_curl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, context)
    shoal_curl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, context)
    shoal_curl_multi_set_socket(multi) { _, socket, what, context, _ in
      guard let context else { return 0 }
      Unmanaged<HTTPClient>.fromOpaque(context).takeUnretainedValue().watch(socket, what)
      return 0
    }
    shoal_curl_multi_set_timer(multi) { _, milliseconds, context in
      guard let context else { return 0 }
      Unmanaged<HTTPClient>.fromOpaque(context).takeUnretainedValue().setTimer(milliseconds)
      return 0
    }
  }

  deinit {
    // No callback may find its way to an object that is going. The watchers stop while libcurl's
    // descriptors are still open.
    shoal_curl_multi_set_socket(multi, nil)
    shoal_curl_multi_set_timer(multi, nil)
    for (_, watcher) in sockets { watcher.stop() }
    if let timer { reactor.cancelTimer(timer) }
    for (handle, _) in transfers {
      curl_multi_remove_handle(multi, handle)
      curl_easy_cleanup(handle)
    }
    curl_multi_cleanup(multi)
  }

  /// Fetches a URL; `completion` is called on the loop, later, unless the fetch is cancelled or the
  /// client goes first.
  ///
  /// - Parameter receiver: takes the body instead of the outcome.
  @discardableResult
  public func get(
    _ fetch: HTTPFetch, into receiver: (any HTTPBodyReceiver)? = nil,
    completion: @escaping (HTTPOutcome) -> Void
  ) -> HTTPFetchID {
    nextID += 1
    guard let handle = curl_easy_init() else {
      reactor.schedule(after: .zero) { completion(.failed("libcurl has no memory left")) }
      return nextID
    }
    let transfer = HTTPTransfer(
      fetch, handle, id: nextID, proxy: proxy, receiver: receiver, completion: completion)
    if let refusal = transfer.refusalByName {
      curl_easy_cleanup(handle)
      reactor.schedule(after: .zero) { completion(.failed(refusal)) }
      return nextID
    }
    transfers[handle] = transfer
    configure(handle, fetch, transfer)
    if depth > 0 { waiting.append(handle) } else { curl_multi_add_handle(multi, handle) }
    return nextID
  }

  /// Ends a fetch without a completion.
  public func cancel(_ id: HTTPFetchID) {
    guard let (handle, transfer) = transfers.first(where: { $0.value.id == id }) else { return }
    transfer.isCancelled = true
    if depth == 0 { remove(handle) }
  }

  /// Lets a fetch go on whose receiver said `.pause`.
  public func resume(_ id: HTTPFetchID) {
    guard let (handle, transfer) = transfers.first(where: { $0.value.id == id }),
      transfer.isPaused
    else { return }
    transfer.isPaused = false
    callingCurl { curl_easy_pause(handle, CURLPAUSE_RECV_CONT | CURLPAUSE_SEND_CONT) }
  }

  private func remove(_ handle: UnsafeMutableRawPointer) {
    transfers[handle] = nil
    waiting.removeAll { $0 == handle }
    curl_multi_remove_handle(multi, handle)
    curl_easy_cleanup(handle)
  }

  /// Calls libcurl, which may call us back; what we may not do meanwhile is done afterwards.
  private func callingCurl(_ call: () -> CURLcode) {
    depth += 1
    _ = call()
    depth -= 1
    guard depth == 0 else { return }
    for (handle, transfer) in transfers where transfer.isCancelled { remove(handle) }
    finishTransfers()
    let begun = waiting
    waiting = []
    for handle in begun { curl_multi_add_handle(multi, handle) }
  }

  private func configure(
    _ handle: UnsafeMutableRawPointer, _ fetch: HTTPFetch, _ transfer: HTTPTransfer
  ) {
    // libcurl would go by the locale, and there is none.
    shoal_curl_set_text(
      handle, CURLOPT_URL, DomainName.asciiHost(in: fetch.url) ?? fetch.url)
    shoal_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
    shoal_curl_set_text(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
    // Where a redirect leads behind a proxy nobody here can judge.
    let follows = fetch.mostRedirects > 0 && (proxy == nil || fetch.origin == .user)
    shoal_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, follows ? 1 : 0)
    shoal_curl_set_long(handle, CURLOPT_MAXREDIRS, fetch.mostRedirects)
    shoal_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
    configureProxy(handle)
    if let range = fetch.range {
      // No encoding either: it is the document's own bytes that are counted.
      shoal_curl_set_text(handle, CURLOPT_RANGE, "\(range.lowerBound)-\(range.upperBound)")
    } else {
      shoal_curl_set_text(handle, CURLOPT_ACCEPT_ENCODING, "")
    }
    if let stall = fetch.stallDeadline {
      shoal_curl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, 1)
      shoal_curl_set_long(handle, CURLOPT_LOW_SPEED_TIME, max(1, Int(stall.seconds)))
    }
    shoal_curl_set_long(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
    shoal_curl_set_long(handle, CURLOPT_FORBID_REUSE, 1)
    shoal_curl_set_text(handle, CURLOPT_USERAGENT, Self.userAgent)
    shoal_curl_set_long(
      handle, CURLOPT_TIMEOUT_MS, max(1, Int(fetch.deadline.millisecondsRoundedUp)))
    shoal_curl_set_long(
      handle, CURLOPT_CONNECTTIMEOUT_MS, Int(Self.connectDeadline.millisecondsRoundedUp))
    if let source = fetch.sourceAddress {
      shoal_curl_set_text(handle, CURLOPT_INTERFACE, "host!" + source)
    }
    let context = Unmanaged.passUnretained(transfer).toOpaque()
    shoal_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
    shoal_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
    shoal_curl_set_pointer(handle, CURLOPT_OPENSOCKETDATA, context)
    shoal_curl_set_opensocket(handle) { context, _, address in
      guard let context, let address else { return CURL_SOCKET_BAD }
      let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
      return transfer.openSocket(to: address)
    }
    shoal_curl_set_header(handle) { bytes, size, count, context in
      guard let context else { return 0 }
      let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
      return Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue().note(line)
    }
    shoal_curl_set_write(handle) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
      return transfer.take(UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
  }

  private func configureProxy(_ handle: UnsafeMutableRawPointer) {
    guard let proxy else {
      shoal_curl_set_text(handle, CURLOPT_PROXY, "")
      return
    }
    let scheme = proxy.kind == .socks5 ? "socks5h" : "http"
    shoal_curl_set_text(handle, CURLOPT_PROXY, "\(scheme)://\(proxy.endpoint)")
    shoal_curl_set_text(handle, CURLOPT_NOPROXY, "")
    // What the proxy says before the connection is the server's is not the server's word.
    shoal_curl_set_long(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    if let user = proxy.user {
      shoal_curl_set_text(handle, CURLOPT_PROXYUSERNAME, user)
      shoal_curl_set_text(handle, CURLOPT_PROXYPASSWORD, proxy.password ?? "")
    }
  }

  // MARK: What libcurl waits for

  private func watch(_ socket: Int32, _ what: Int32) {
    if what == CURL_POLL_REMOVE {
      sockets.removeValue(forKey: socket)?.stop()
      return
    }
    var interest: Readiness = []
    if what == CURL_POLL_IN || what == CURL_POLL_INOUT { interest.insert(.readable) }
    if what == CURL_POLL_OUT || what == CURL_POLL_INOUT { interest.insert(.writable) }
    if let watcher = sockets[socket] {
      watcher.change(to: interest)
    } else {
      sockets[socket] = SocketWatcher(socket, interest, client: self, reactor: reactor)
    }
  }

  private func setTimer(_ milliseconds: Int) {
    if let timer { reactor.cancelTimer(timer) }
    timer = nil
    guard milliseconds >= 0 else { return }
    timer = reactor.schedule(after: .milliseconds(milliseconds)) { [weak self] in
      self?.timer = nil
      self?.act(on: CURL_SOCKET_TIMEOUT, 0)
    }
  }

  fileprivate func act(on socket: Int32, _ events: Int32) {
    var running: Int32 = 0
    callingCurl {
      curl_multi_socket_action(multi, socket, events, &running)
      return CURLE_OK
    }
  }

  private func finishTransfers() {
    var finished: [(HTTPTransfer, HTTPOutcome)] = []
    var queued: Int32 = 0
    while let message = curl_multi_info_read(multi, &queued) {
      guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle,
        let transfer = transfers.removeValue(forKey: handle)
      else { continue }
      let code = message.pointee.data.result
      finished.append((transfer, transfer.outcome(code)))
      curl_multi_remove_handle(multi, handle)
      curl_easy_cleanup(handle)
    }
    // Only now, since a completion may start the next fetch.
    for (transfer, outcome) in finished { transfer.completion(outcome) }
  }
}

/// A descriptor of libcurl's on the reactor.
private final class SocketWatcher: ReadinessHandler {
  private let socket: Int32
  private unowned let client: HTTPClient
  private let reactor: Reactor
  private var registration: SlabID?

  init(_ socket: Int32, _ interest: Readiness, client: HTTPClient, reactor: Reactor) {
    self.socket = socket
    self.client = client
    self.reactor = reactor
    registration = try? reactor.register(socket, for: interest, handler: self)
  }

  func change(to interest: Readiness) {
    if let registration { reactor.change(registration, to: interest) }
  }

  func stop() {
    if let registration { reactor.deregister(registration) }
    registration = nil
  }

  func becameReady(_ readiness: Readiness) {
    var events: Int32 = 0
    if readiness.contains(.readable) { events |= CURL_CSELECT_IN }
    if readiness.contains(.writable) { events |= CURL_CSELECT_OUT }
    if readiness.contains(.hangup) { events |= CURL_CSELECT_ERR }
    client.act(on: socket, events)
  }
}
