"""The engine: one background thread a process, and what runs on it."""
