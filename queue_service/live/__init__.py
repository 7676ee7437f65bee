"""From a commit to every screen: listener, hub, snapshots, sockets. Writes nothing."""
