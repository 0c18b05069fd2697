"""Hooks are carried out: each run once, in one process of all, as a command or as a call to a webhook."""
