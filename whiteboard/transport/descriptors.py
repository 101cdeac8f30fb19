"""How many sockets and files the process may have open.

Owns the soft limit, which many systems set to 1,024 for programs that use `select`; Trio does not.
"""

import resource

from whiteboard import limits


def raise_descriptor_limit(most: int = limits.MAX_DESCRIPTORS) -> int:
    """Raise the soft limit towards the hard one, to `most` at the most; the limit that holds then.

    Never lowers it. A system that refuses leaves it as it was: the server takes fewer connections.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        return soft
    return wanted
