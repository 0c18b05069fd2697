"""`reliakit demo`: flags and a canary at work on a real server, with real clients, for half a minute."""
