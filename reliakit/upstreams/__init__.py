"""Where requests go: the app that is wrapped, and services that are reached over the network."""
