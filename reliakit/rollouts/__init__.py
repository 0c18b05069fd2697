"""How releases are judged: pure functions over additive states, the standard library and the core only."""
