"""Rolling replacement: the endpoints of an upstream are replaced a few at a time, and put back where that goes wrong."""
