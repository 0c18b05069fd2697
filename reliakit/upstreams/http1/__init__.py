"""HTTP/1.1 to upstreams, over asyncio and the parser of httptools."""
