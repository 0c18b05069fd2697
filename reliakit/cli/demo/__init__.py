"""`reliakit demo`: flags, releases that judge themselves and a killed worker, on a real server with real clients."""
