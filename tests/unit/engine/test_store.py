"""The store: whole or nothing, whatever the disk, the clock or another writer does."""

import errno
import hashlib
import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.engine import store as module
from core.engine.store import DIGEST, MAGIC, Store, look_over

HEAD = len(MAGIC) + DIGEST


def name(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def entry(store: Store, number: int) -> Path:
    return store.folder / name(number)[:2] / name(number)


def test_what_was_put_comes_back_also_in_a_new_process(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    assert store.get(name(1)) is None
    assert store.put(name(1), b"one")
    assert store.put(name(2), b"")
    assert store.get(name(1)) == b"one"
    assert store.get(name(2)) == b""
    assert Store(tmp_path / "cache").get(name(1)) == b"one"
    assert entry(store, 1).read_bytes().startswith(MAGIC)


@pytest.mark.parametrize("key", ["", "abc", "../" + "a" * 61, "A" * 64, name(1) + "0", None])
def test_a_name_that_is_no_key_is_refused(tmp_path: Path, key: str) -> None:
    store = Store(tmp_path)
    with pytest.raises(ValueError, match="64 hex digits"):
        store.get(key)
    with pytest.raises(ValueError, match="64 hex digits"):
        store.put(key, b"x")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


FAULTS: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "head only": lambda path: path.write_bytes(path.read_bytes()[: HEAD - 1]),
    "empty": lambda path: path.write_bytes(b""),
    "zeroed": lambda path: path.write_bytes(b"\0" * path.stat().st_size),
    "flipped": flip,
    "appended": lambda path: path.write_bytes(path.read_bytes() + b"more"),
    "other version": lambda path: path.write_bytes(
        path.read_bytes().replace(b"store 1", b"store 0")
    ),
    "folder": lambda path: (path.unlink(), path.mkdir(), (path / "inside").write_text("x")),
    "link": lambda path: (path.unlink(), path.symlink_to("/etc/passwd")),
    "pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "socket": lambda path: (path.unlink(), os.mknod(path, stat.S_IFSOCK | 0o600)),
    "huge": lambda path: os.truncate(path, 100_000_000_000),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_entry_is_a_miss_and_can_be_written_again(tmp_path: Path, fault: str) -> None:
    store = Store(tmp_path)
    store.put(name(1), b"the payload")
    FAULTS[fault](entry(store, 1))
    assert store.get(name(1)) is None
    assert store.put(name(1), b"the payload")
    assert store.get(name(1)) == b"the payload"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_entry_can_be_replaced_without_being_read(tmp_path: Path, fault: str) -> None:
    store = Store(tmp_path)
    store.put(name(1), b"the payload")
    FAULTS[fault](entry(store, 1))
    assert store.put(name(1), b"new")
    assert store.get(name(1)) == b"new"
    assert Path("/etc/passwd").read_bytes()[:4] != MAGIC[:4]


WITHOUT_FILES = """
import os, resource, sys
from pathlib import Path
from core.engine.store import Store
store = Store(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
spent = []
try:
    while True:
        spent.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
print(store.get(sys.argv[2]), store.put(sys.argv[2], b"new"), flush=True)
for handle in spent:
    os.close(handle)
print(store.get(sys.argv[2]))
"""


def test_a_whole_entry_outlives_a_want_of_open_files(tmp_path: Path) -> None:
    Store(tmp_path).put(name(1), b"one")
    command = [sys.executable, "-c", WITHOUT_FILES, str(tmp_path), name(1)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["None", "False", "b'one'"], done.stderr
    told = done.stderr.splitlines()
    assert [line.split(": ", 1)[1] for line in told] == [
        "an entry cannot be read: Too many open files (number 1)",
        "an entry cannot be written: Too many open files (number 1)",
    ]


def test_an_entry_that_is_not_to_be_read_now_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    store.put(name(1), b"one")
    for number in (errno.EIO, errno.EINTR, errno.EACCES, errno.ENFILE, errno.ENOMEM):
        with monkeypatch.context() as patch:
            patch.setattr(module.os, "open", failing(number))
            assert store.get(name(1)) is None
        assert store.get(name(1)) == b"one"


def failing(number: int) -> Callable[..., int]:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    return fail


def test_the_log_is_told_of_faults_without_a_flood(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path)
    for number in range(25):
        store.put(name(number), b"x")
        flip(entry(store, number))
        assert store.get(name(number)) is None
    told = [record.getMessage() for record in caplog.records]
    assert [line.rsplit("(")[-1] for line in told] == ["number 1)", "number 10)"]
    assert all("damaged" in line and str(tmp_path) in line for line in told)
    assert len(store.set_aside()) == 25


def test_the_doctor_is_told_what_keeps_the_store_from_working(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    assert look_over(folder) == []
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    store = Store(folder)
    store.put(name(1), b"one")
    flip(entry(store, 1))
    store.get(name(1))
    ((what, _),) = look_over(folder)
    assert "set aside: 1." in what
    (tmp_path / "file").write_text("in the way")
    ((what, fix),) = look_over(tmp_path / "file" / "cache")
    assert what.endswith("cannot be kept in " + str(tmp_path / "file" / "cache: Not a directory."))
    assert "GLASSBOX_CACHE" in fix


def test_an_entry_copied_to_another_key_is_no_entry_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(name(1), b"one")
    store.put(name(2), b"two")
    entry(store, 2).write_bytes(entry(store, 1).read_bytes())
    assert store.get(name(2)) is None
    assert store.get(name(1)) == b"one"


def test_a_folder_in_an_entrys_place_is_set_aside_not_emptied(tmp_path: Path) -> None:
    store = Store(tmp_path)
    entry(store, 1).mkdir(parents=True)
    (entry(store, 1) / "mine").write_text("kept")
    assert store.get(name(1)) is None
    assert [path.read_text() for path in tmp_path.rglob("mine")] == ["kept"]


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    store = Store(tmp_path, max_bytes=10 * (1000 + HEAD))
    for number in range(10):
        store.put(name(number), b"x" * 1000)
        os.utime(entry(store, number), (1000 + number, 1000 + number))
    assert store.get(name(0)) is not None  # used now
    store.put(name(10), b"x" * 1000)
    kept = [number for number in range(11) if entry(store, number).exists()]
    assert kept == [0, 3, 4, 5, 6, 7, 8, 9, 10]


@pytest.mark.parametrize("when", [0.0, 3_976_214_400.0])
def test_the_limit_holds_with_entries_dated_1970_and_2096(tmp_path: Path, when: float) -> None:
    store = Store(tmp_path, max_bytes=5 * (100 + HEAD))
    for number in range(20):
        store.put(name(number), b"x" * 100)
        if entry(store, number).exists():
            os.utime(entry(store, number), (when, when))
    sizes = [path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()]
    assert 0 < sum(sizes) <= store.max_bytes
    assert store.get(name(19)) is not None


def size_of(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())


@pytest.mark.parametrize("left", [module.TEMPORARY, module.ASIDE])
def test_what_is_no_entry_counts_and_goes_when_room_is_needed(tmp_path: Path, left: str) -> None:
    store = Store(tmp_path, max_bytes=20_000)
    store.put(name(0), b"mine")
    for number in range(10):  # as writers leave them who were killed a moment ago
        (tmp_path / "ab").mkdir(exist_ok=True)
        (tmp_path / "ab" / f"{left}{number}").write_bytes(b"x" * 12_000)
    (tmp_path / "ab" / f"{module.ASIDE}folder" / "inside").mkdir(parents=True)
    (tmp_path / "ab" / f"{module.ASIDE}folder" / "inside" / "big").write_bytes(b"x" * 50_000)
    assert size_of(tmp_path) > 160_000
    store = Store(tmp_path, max_bytes=20_000)
    assert size_of(tmp_path) <= store.max_bytes
    assert store.put(name(1), b"one")
    assert store.get(name(1)) == b"one"


def test_two_stores_on_one_folder_hold_the_limit_together(tmp_path: Path) -> None:
    stores = [Store(tmp_path, max_bytes=20_000) for _ in range(2)]
    for number in range(60):
        stores[number % 2].put(name(number), b"x" * 900)
        assert size_of(tmp_path) <= 1.2 * 20_000
    assert size_of(tmp_path) > 0.7 * 20_000


def test_a_payload_larger_than_the_limit_is_not_kept(tmp_path: Path) -> None:
    store = Store(tmp_path, max_bytes=1000)
    assert not store.put(name(1), b"x" * 1001)
    assert store.get(name(1)) is None


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "big").write_bytes(b"x" * 10_000)
    store = Store(tmp_path, max_bytes=500)
    for number in range(5):
        store.put(name(number), b"x" * 200)
    assert (tmp_path / "README.md").read_text() == "mine"
    assert (tmp_path / "models" / "big").stat().st_size == 10_000


def test_a_disk_that_fails_costs_the_entry_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path)
    store.put(name(1), b"one")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "fsync", full)
    assert not store.put(name(2), b"two")
    assert "No space left on device" in caplog.text
    assert store.get(name(2)) is None
    assert store.get(name(1)) == b"one"
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(module.TEMPORARY)]


def test_a_folder_that_cannot_be_made_costs_the_entry_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = Store(tmp_path / "file" / "cache")
    assert not store.put(name(1), b"one")
    assert store.get(name(1)) is None


def test_a_read_only_folder_still_answers() -> None:
    """Run as an ordinary user where the tests are run by root, who may write anywhere."""
    code = (
        "import os, sys; from pathlib import Path; from core.engine.store import Store\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "store = Store(Path(sys.argv[1]))\n"
        f"print(store.get({name(1)!r}), store.put({name(2)!r}, b'two'), store.get({name(2)!r}))"
    )
    with tempfile.TemporaryDirectory() as folder:  # pytest's own is closed to other users
        store = Store(Path(folder))
        store.put(name(1), b"one")
        paths = [Path(folder), *Path(folder).rglob("*")]
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        command = [sys.executable, "-c", code, folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        for path in paths:
            path.chmod(0o755)
    assert done.stdout.split() == ["b'one'", "False", "None"], done.stderr


def test_a_folder_removed_meanwhile_is_made_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    store.put(name(1), b"one")
    entry(store, 1).unlink()
    entry(store, 1).parent.rmdir()
    (tmp_path / "cache").rmdir()
    assert store.get(name(1)) is None
    assert store.put(name(1), b"again")
    assert store.get(name(1)) == b"again"


def test_six_writers_of_one_key_leave_one_whole_entry(tmp_path: Path) -> None:
    store = Store(tmp_path)
    wrong: list[bytes] = []
    payloads = [bytes([writer]) * 100_000 for writer in range(6)]

    def write(payload: bytes) -> None:
        for _ in range(10):
            store.put(name(1), payload)
            found = store.get(name(1))
            if found not in payloads:
                wrong.append(found or b"")

    threads = [threading.Thread(target=write, args=(payload,)) for payload in payloads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert store.get(name(1)) in payloads
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


WRITE_FOR_EVER = """
import hashlib, itertools, sys
from pathlib import Path
from core.engine.store import Store
store = Store(Path(sys.argv[1]))
for number in itertools.count():
    key = hashlib.sha256(str(number % 3).encode()).hexdigest()
    store.put(key, number.to_bytes(4, "big") * 50_000)
    if number == 3:
        print("ready", flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_no_wrong_entry(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for _ in range(10):
        command = [sys.executable, "-c", WRITE_FOR_EVER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            process.kill()
        for number in range(3):
            payload = store.get(name(number))
            assert payload is not None
            assert payload == payload[:4] * 50_000


def test_what_a_killed_writer_left_is_swept_whatever_the_clock_did(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(name(1), b"one")
    folder = entry(store, 1).parent
    now = time.time()
    for label, when in (("old", now - 7200), ("future", now + 1e9), ("fresh", now)):
        path = folder / f"{module.TEMPORARY}{label}"
        path.write_bytes(b"half")
        os.utime(path, (when, when))
    store = Store(tmp_path)
    left = [path.name for path in folder.iterdir() if path.name.startswith(module.TEMPORARY)]
    assert left == [f"{module.TEMPORARY}fresh"]
    assert store.get(name(1)) == b"one"


def test_what_is_kept_can_be_counted_and_cleared(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(3):
        store.put(name(number), b"a prompt")
    flip(entry(store, 2))
    store.get(name(2))  # set aside
    (tmp_path / "README.md").write_text("mine")
    assert store.count() == (3, 3 * (HEAD + len(b"a prompt")))
    assert store.clear() == 3
    assert store.count() == (0, 0)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["README.md"]
    assert store.put(name(1), b"again")
    assert store.get(name(1)) == b"again"


def test_thousands_of_entries_keep_to_the_limit_and_are_seldom_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times the limit: the disk's size holds, and so does the time."""
    monkeypatch.setattr(module.os, "fsync", lambda _: None)
    store = Store(tmp_path, max_bytes=100 * (100 + HEAD))
    walks: list[int] = []
    listed = store._entries

    def counted() -> list[tuple[float, int, Path]]:
        found = listed()
        walks.append(sum(size for _, size, _ in found))
        return found

    monkeypatch.setattr(store, "_entries", counted)
    for number in range(1000):
        store.put(name(number), b"x" * 100)
    assert max(walks) <= 1.1 * store.max_bytes
    assert len(walks) <= 1000 / (100 * module.UNSEEN) + 1  # most puts look at no other file
    assert size_of(tmp_path) <= store.max_bytes
    assert store.get(name(999)) is not None
