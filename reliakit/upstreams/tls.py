"""From what an address says of TLS to a context."""

import ssl

from reliakit.upstreams.address import TLS

__all__ = ["context_of"]


def context_of(tls: TLS) -> ssl.SSLContext:
    """Returns the context; names are verified against the certificate unless `verify` is off.

    Raises:
        OSError: a file can't be read, or holds no certificate or key.
    """
    context = ssl.create_default_context(cafile=tls.authorities)
    # Without this a server may choose HTTP/2, which nobody here speaks.
    context.set_alpn_protocols(["http/1.1"])
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.certificate is not None:
        context.load_cert_chain(tls.certificate, tls.key)
    return context
