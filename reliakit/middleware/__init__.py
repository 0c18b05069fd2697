"""The two thin shells, ASGI and WSGI, and what both decide by."""
