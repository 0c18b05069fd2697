"""The paths that httpbin has, and those that were made after it."""

__all__ = ["PATHS"]

PATHS = [
    "/absolute-redirect/2", "/anything", "/anything/a/b%20c/%C3%A4", "/base64/aGVsbG8%3D", "/basic-auth/user/secret",
    "/bearer", "/bytes/64?seed=7", "/cookies", "/cookies/delete?a=", "/cookies/set?a=1&b=2", "/cookies/set/name/value",
    "/deny", "/encoding/utf8", "/etag/abc", "/forms/post", "/get", "/gzip", "/deflate", "/headers", "/html",
    "/image", "/image/jpeg", "/image/png", "/image/svg", "/ip", "/json", "/links/5/2", "/range/200", "/redirect/3",
    "/redirect-to?url=%2Fget&status_code=307", "/relative-redirect/2", "/response-headers?X-A=1&X-A=2", "/robots.txt",
    "/status/200", "/status/204", "/status/304", "/status/404", "/status/418", "/status/500", "/status/503",
    "/stream/5", "/stream-bytes/2000?seed=3&chunk_size=100", "/user-agent", "/xml", "/nowhere", "/status/many",
    "/post", "/put", "/patch", "/delete",
]  # fmt: skip
