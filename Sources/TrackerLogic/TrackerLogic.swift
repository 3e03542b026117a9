// TrackerLogic
