"""What runs per request: pure functions and values, mmh3 and the standard library only."""
