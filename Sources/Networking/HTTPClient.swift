import CCurl
public import DeterministicCore
import Glibc
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
  public var mostRedirects = 5
  /// The local address to come from, where one was chosen.
  public var sourceAddress: String?

  public init(url: String, namedBy origin: RequestOrigin) {
    self.url = url
    self.origin = origin
  }
}

public enum HTTPOutcome: Sendable {
  /// With where it came from, after redirects.
  case response(status: Int, body: [UInt8], from: Endpoint)
  /// No answer, or none that could be taken, in words for people.
  case failed(String)
}

/// HTTP and HTTPS by libcurl, driven by the reactor: libcurl says which descriptors and which
/// moment it waits for, and is called when they come.
///
/// Speaks http and https only, also after a redirect, and through no proxy that an environment
/// variable names: the address that a tracker sees is the one that peers see. No connection serves
/// two requests, so that each is judged by `RequestOrigin` before anything is sent.
///
/// The invariant: `transfers` holds exactly the handles that are added to the multi handle, so a
/// completion is called at most once for each fetch, and never from within `get`.
public final class HTTPClient {
  private let reactor: Reactor
  private let multi: UnsafeMutableRawPointer
  private var transfers: [UnsafeMutableRawPointer: HTTPTransfer] = [:]
  private var sockets: [Int32: SocketWatcher] = [:]
  private var timer: SlabID?

  public static let userAgent = "Shoal/0.1.0"
  private static let connectDeadline = TimeSpan.seconds(15)

  public init(on reactor: Reactor) {
    self.reactor = reactor
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

  /// Fetches a URL; `completion` is called on the loop, later, unless the client goes first.
  public func get(_ fetch: HTTPFetch, completion: @escaping (HTTPOutcome) -> Void) {
    guard let handle = curl_easy_init() else {
      reactor.schedule(after: .zero) { completion(.failed("libcurl has no memory left")) }
      return
    }
    let transfer = HTTPTransfer(fetch, handle, completion: completion)
    transfers[handle] = transfer
    configure(handle, fetch, transfer)
    curl_multi_add_handle(multi, handle)
  }

  private func configure(
    _ handle: UnsafeMutableRawPointer, _ fetch: HTTPFetch, _ transfer: HTTPTransfer
  ) {
    shoal_curl_set_text(handle, CURLOPT_URL, fetch.url)
    shoal_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
    shoal_curl_set_text(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
    shoal_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, fetch.mostRedirects > 0 ? 1 : 0)
    shoal_curl_set_long(handle, CURLOPT_MAXREDIRS, fetch.mostRedirects)
    shoal_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
    shoal_curl_set_text(handle, CURLOPT_PROXY, "")
    shoal_curl_set_text(handle, CURLOPT_ACCEPT_ENCODING, "")
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
      return Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue().note(size * count)
    }
    shoal_curl_set_write(handle) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
      return transfer.take(UnsafeRawBufferPointer(start: bytes, count: size * count))
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
    curl_multi_socket_action(multi, socket, events, &running)
    finishTransfers()
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
