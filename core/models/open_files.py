"""How many files this process may have open, sockets included, and how many visitors that carries.

Imports no torch.
"""

MOST = 10_240  # asked for; more than any machine's visitors need, and macOS refuses more
CLASS = 100  # visitors at once that any machine should carry
APP = 100  # that the app itself has open at most: libraries, weights, the store, the log
EACH = 4  # of one visitor: a socket, and three of the event loop that Streamlit gives each session


def raise_limit() -> int:
    """Raise the limit of this process as far as it may; returns it, 0 where there is none."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        except (OSError, ValueError):  # a system that promises more than it gives
            return soft
        return allowed
    return soft


def visitors(limit: int) -> int:
    """Return how many visitors at once so many open files carry.

    Args:
        limit: of open files.
    """
    return max(0, limit - APP) // EACH
