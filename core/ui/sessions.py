"""Sessions of visitors who have left are let go after a while, also where nobody new comes.

Streamlit keeps them for ``server.disconnectedSessionTTL`` seconds in case their visitor comes back,
three open files each, but it looks for those whose time is over only when another one leaves. Once
all files are spent nobody can come in, so nobody leaves, and the server is lost. What a session
held is tied into circles, which only a collection takes apart, and those after reruns are off.
"""

import asyncio
import gc
import weakref

from streamlit import config, net_util, runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from core.models.allocator import give_back, hold_less
from core.models.open_files import raise_limit
from core.ui.upload_bounds import bound_uploads

_seen_to: "weakref.WeakSet[runtime.Runtime]" = weakref.WeakSet()


def see_to_sessions() -> None:
    """See to the sessions of this server from now on, once for each; outside of one do nothing."""
    if not runtime.exists():
        return
    served = runtime.get_instance()
    if served in _seen_to:
        return
    _seen_to.add(served)
    # A connection from a foreign page has Streamlit ask a host in the Internet for its own address,
    # and everybody waits meanwhile; nothing but such a page would be let in by the answer.
    net_util.get_external_ip = lambda: None
    raise_limit()
    hold_less()
    if isinstance(served.uploaded_file_mgr, MemoryUploadedFileManager):
        bound_uploads(served.uploaded_file_mgr)
    stopped = served.stopped
    if not isinstance(stopped, asyncio.Future):  # a stand-in for a server, as page tests have it
        return
    loop = stopped.get_loop()  # that sessions live in
    # No public name leads there; requirements.txt has the one version that this was tried with.
    manager = served._session_mgr
    kept = manager._session_storage._cache  # type: ignore[attr-defined]  # as above
    every = config.get_option("server.disconnectedSessionTTL") / 4

    def look(before: frozenset[str] = frozenset()) -> None:
        if stopped.done():
            return
        kept.expire()
        there = frozenset(info.session.id for info in manager.list_sessions())
        # Milliseconds once a model is loaded, which freezes the libraries; before, there is little.
        if before - there and gc.get_freeze_count():
            gc.collect()
            give_back()
        loop.call_later(every, look, there)

    loop.call_soon_threadsafe(look)
