// PeerWire
