"""Where a request may still go: balancing, endpoint health, localities and recovery. Pure: no I/O, clock or chance."""
