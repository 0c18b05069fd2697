"""What a hop costs: proxies, ours and others', between the same clients and the same upstreams, all on loopback."""
