"""Where the state that workers share lives. Stores keep texts and numbers; what they mean is known elsewhere."""
