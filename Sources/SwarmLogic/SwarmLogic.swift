// SwarmLogic
