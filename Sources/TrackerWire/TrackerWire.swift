// TrackerWire
