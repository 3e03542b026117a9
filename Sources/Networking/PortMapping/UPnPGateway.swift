import CMiniUPnP
public import TorrentModel

/// A gateway that maps ports by UPnP, through miniupnpc. Everything waits for the network: never on a
/// loop.
public enum UPnPGateway {
  public enum Outcome: Hashable, Sendable {
    case done
    case failed(String)
  }

  /// How long gateways have to answer the search, in milliseconds.
  private static let patience: Int32 = 1000

  /// Maps ports to the same ones outside.
  ///
  /// - Parameters:
  ///   - address: where to look for the gateway from; nil for anywhere.
  ///   - lifetime: seconds, where the gateway knows an end.
  public static func map(
    _ port: UInt16, _ transports: [GatewayMessage.Transport], from address: Address?,
    lifetime: UInt32
  ) -> Outcome {
    withGateway(from: address) { gateway in
      for transport in transports {
        let error = shoal_upnp_map(&gateway, transport.upnpName, UInt32(port), lifetime)
        guard error == 0 else { return .failed(problem(error)) }
      }
      return .done
    }
  }

  public static func unmap(
    _ port: UInt16, _ transports: [GatewayMessage.Transport], from address: Address?
  ) {
    _ = withGateway(from: address) { gateway in
      for transport in transports {
        _ = shoal_upnp_unmap(&gateway, transport.upnpName, UInt32(port))
      }
      return .done
    }
  }

  private static func withGateway(
    from address: Address?, _ body: (inout shoal_upnp_gateway) -> Outcome
  ) -> Outcome {
    var gateway = shoal_upnp_gateway()
    let found =
      address.map { shoal_upnp_find("\($0)", patience, &gateway) }
      ?? shoal_upnp_find(nil, patience, &gateway)
    guard found == 0 else { return .failed("no router here speaks PCP, NAT-PMP or UPnP") }
    defer { shoal_upnp_forget(&gateway) }
    return body(&gateway)
  }

  private static func problem(_ code: Int32) -> String {
    switch code {
    case 606: "the router does not allow it"
    case 718: "the router has given the port to another"
    default: "the router answered \(code)"
    }
  }
}

extension GatewayMessage.Transport {
  fileprivate var upnpName: String { self == .tcp ? "TCP" : "UDP" }
}
