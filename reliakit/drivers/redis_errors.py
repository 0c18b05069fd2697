"""What goes wrong with Redis, and what to look at."""

__all__ = ["explained"]

_ADVICE = (
    (("AuthenticationError", "NOAUTH", "WRONGPASS"), "look at the user and the password of its URL"),
    (("NoPermissionError", "NOPERM"), "{privileges}"),
    (("ReadOnlyError", "READONLY"), "it is a replica: name the primary, or use redis+sentinel://"),
    (("BusyLoadingError", "LOADING"), "it is reading its data from disk: wait until it is done"),
    (("OutOfMemoryError", "OOM "), "it has no memory left: look at maxmemory and what fills it"),
    (("MISCONF", "NOREPLICAS"), "it takes no writes: look at its disk and its replicas"),
    (
        ("ClusterDownError", "MasterDownError", "CLUSTERDOWN"),
        "a part of the cluster is down: look at CLUSTER INFO",
    ),
    (
        ("MovedError", "MOVED "),
        "the nodes of the cluster disagree on who has its slot: look at CLUSTER NODES",
    ),
    (
        ("AskError", "TryAgainError", "TRYAGAIN", "ASK "),
        "its slot is moving to another node: wait until that is done",
    ),
    (("CERTIFICATE", "SSL"), "look at the certificates, and at whether the server speaks TLS"),
    (("no sentinel knows",), "look at the sentinels, and at the name of the service"),
    (("max number of clients",), "look at maxclients and at who is connected"),
    (("InvalidResponse", "ValueError"), "look at what listens there: it does not talk as Redis does"),
    (("TimeoutError",), "look at whether it is stopped or overloaded, and at the network between"),
    (("ConnectionError", "OSError", "IncompleteReadError"), "look at whether it runs, and listens there"),
)


def explained(name: str, failed: BaseException, timeout: float, privileges: str) -> str:
    """Returns a message for people.

    Args:
        name: names the server; holds no password.
        failed: what the driver raised.
        timeout: seconds that were waited.
        privileges: what to let its user do.
    """
    said = (
        f"did not answer within {timeout:g} s"
        if isinstance(failed, TimeoutError)
        else str(failed).rstrip(". ")
    )
    kinds = " ".join(kind.__name__ for kind in type(failed).__mro__)
    for words, advice in _ADVICE:
        if any(word in text for word in words for text in (kinds, said)):
            return f"{name}: {said}; {advice.format(privileges=privileges)}"
    return f"{name}: {said or type(failed).__name__}"
