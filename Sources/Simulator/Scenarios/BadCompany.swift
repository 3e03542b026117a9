import DeterministicCore

// Some of the peers take without giving, or give what is false.
extension Scenario {
  static let freeRiders10 = freeRiders(percent: 10)
  static let freeRiders30 = freeRiders(percent: 30)
  static let freeRiders50 = freeRiders(percent: 50)

  /// The free riders never let anybody know that it is unchoked; the others stay to seed.
  private static func freeRiders(percent: Int) -> Scenario {
    Scenario(
      "free-riders-\(percent)", "\(percent) of 100 peers give nothing; the others stay to seed",
      size: Size(peers: 50, pieces: 128)
    ) { size, _ in
      mixed(size, percent: percent, stay: .forGood)
    }
  }

  /// Those who give go as soon as they are complete.
  static let deserted = Scenario(
    "deserted", "30 of 100 peers give nothing; the others leave when they are complete",
    size: Size(peers: 50, pieces: 128)
  ) { size, _ in
    mixed(size, percent: 30, stay: .afterCompletion(.zero))
  }

  private static func mixed(_ size: Size, percent: Int, stay: HostPlan.Stay) -> Plan {
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, AccessLink(uplink: 4 * .mebibyte)))
    let riders = size.peers * percent / 100
    var contributor = HostPlan(.contributor, AccessLink(uplink: .mebibyte))
    contributor.stay = stay
    plan.add(size.peers - riders, contributor)
    plan.add(riders, HostPlan(.freeRider, AccessLink(uplink: .mebibyte)))
    plan.patience = .minutes(20)
    return plan
  }

  /// Nearly a third of the peers send what is false whenever they are asked.
  static let poisoners = Scenario(
    "poisoners", "30 of 100 peers send false blocks", size: Size(peers: 30, pieces: 96)
  ) { size, _ in
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, AccessLink(uplink: 2 * .mebibyte)))
    let poisoners = size.peers * 30 / 100
    plan.add(size.peers - poisoners, HostPlan(.contributor, AccessLink(uplink: .mebibyte)))
    plan.add(poisoners, HostPlan(.poisoner, AccessLink(uplink: .mebibyte)))
    plan.expectations += [.noHonestBans, .poisonersBanned]
    return plan
  }
}
