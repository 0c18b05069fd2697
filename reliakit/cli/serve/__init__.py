"""`reliakit serve`: the gateway as processes: a supervisor, which holds the port, and workers that share it."""
