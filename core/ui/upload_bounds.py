"""How much visitors may leave with the server: Streamlit keeps every file that is sent.

It takes files under names that it never gave out, as many as are sent, and keeps them until their
session ends. So each session has room for a few, and all together for some more: what is too much
goes from whoever holds it, oldest first. A page reads a file as soon as it is there.
"""

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from core.host import host

FILES = 4  # of a session; its pages ask for two at most
BYTES = 12 * 1024**2  # of a session: two of the largest files that are taken, and some more


def bound_uploads(manager: MemoryUploadedFileManager) -> None:
    """Have a server keep so much and no more from now on.

    Args:
        manager: of the server.
    """
    add = manager.add_file

    def add_bounded(session_id: str, file: UploadedFileRec) -> None:
        add(session_id, file)
        _make_room(manager, session_id)

    manager.add_file = add_bounded


def _make_room(manager: MemoryUploadedFileManager, session_id: str) -> None:
    """Let a session's oldest files go, then those of whoever holds most."""
    held = _held(manager)
    mine = held.get(session_id, {})
    while len(mine) > FILES or sum(mine.values()) > BYTES:
        _drop_oldest(manager, session_id, mine)
    while sum(sum(files.values()) for files in held.values()) > host().uploads:
        most = max(held, key=lambda session: sum(held[session].values()))
        _drop_oldest(manager, most, held[most])


def _held(manager: MemoryUploadedFileManager) -> dict[str, dict[str, int]]:
    """Return bytes by session and file, the oldest file first."""
    return {
        session: {name: len(file.data) for name, file in list(files.items())}
        for session, files in list(manager.file_storage.items())
    }


def _drop_oldest(
    manager: MemoryUploadedFileManager, session_id: str, files: dict[str, int]
) -> None:
    oldest = next(iter(files))
    del files[oldest]
    manager.remove_file(session_id, oldest)
