"""What visitors send is kept within bounds, and nobody's file goes for another who holds more."""

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from core.host import SMALL, Host
from core.ui import upload_bounds as it
from core.ui.upload_bounds import BYTES, FILES, bound_uploads


@pytest.fixture
def manager() -> MemoryUploadedFileManager:
    made = MemoryUploadedFileManager("/upload")
    bound_uploads(made)
    return made


def send(manager: MemoryUploadedFileManager, session: str, name: str, size: int) -> None:
    manager.add_file(session, UploadedFileRec(name, f"{name}.png", "image/png", b"x" * size))


def held(manager: MemoryUploadedFileManager, session: str) -> list[str]:
    return list(manager.file_storage.get(session, {}))


def total(manager: MemoryUploadedFileManager) -> int:
    return manager._total_bytes  # as the server's own figures have it


def test_a_session_keeps_its_newest_few(manager: MemoryUploadedFileManager) -> None:
    for number in range(50):
        send(manager, "ann", str(number), 10)
    assert held(manager, "ann") == [str(number) for number in range(50 - FILES, 50)]
    assert total(manager) == FILES * 10


def test_a_session_keeps_so_many_bytes(manager: MemoryUploadedFileManager) -> None:
    for number in range(3):
        send(manager, "ann", str(number), BYTES // 2)
    assert held(manager, "ann") == ["1", "2"]
    send(manager, "ann", "2", 5)  # sent again
    assert total(manager) == BYTES // 2 + 5


def test_all_together_are_bounded_and_the_greedy_pay(
    manager: MemoryUploadedFileManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(it, "host", lambda: Host(uploads=1000))
    send(manager, "ann", "a", 100)
    for number in range(40):
        send(manager, f"greedy {number % 9}", str(number), 150)
        assert total(manager) <= 1000
    assert held(manager, "ann") == ["a"]
    send(manager, "late", "l", 100)
    assert held(manager, "late") == ["l"]


def test_a_small_host_keeps_none(
    manager: MemoryUploadedFileManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(it, "host", lambda: SMALL)
    send(manager, "ann", "a", 1)
    assert (held(manager, "ann"), total(manager)) == ([], 0)


def test_what_left_with_its_session_counts_no_more(manager: MemoryUploadedFileManager) -> None:
    send(manager, "ann", "a", 100)
    manager.remove_session_files("ann")
    assert total(manager) == 0
    send(manager, "ben", "b", 100)
    assert total(manager) == 100
