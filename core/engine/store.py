"""Finished work kept on disk: written whole or not at all, checked when read, bounded in size.

One file an entry, ``<folder>/ab/<key>``: magic, sha256 of key and payload, payload. Nothing here
raises for what a disk does: a disk that is full, read-only or damaged costs the entry only, and the
log is told. What is known to be no entry is set aside in the same folder: it counts towards the
size, and is the first to go when room is needed.
"""

import contextlib
import hashlib
import logging
import os
import re
import secrets
import shutil
import stat
import threading
import time
from collections import Counter
from pathlib import Path

from core.words import tr

LOG = logging.getLogger(__name__)
MAGIC = b"glassbox store 1\n"
DIGEST = hashlib.sha256().digest_size
KEY = re.compile(r"[0-9a-f]{64}")
STALE = 600.0  # seconds after which a temporary file belongs to nobody
KEEP = 0.9  # share of the limit that is kept when it is passed
UNSEEN = 0.05  # share of the limit that is written before what other processes wrote is counted
PROBE = 16_000_000  # bytes of the entry that shows whether there is room
TEMPORARY, ASIDE = ".writing-", "aside-"


class Store:
    """Payloads by key in one folder; safe to share between threads and between processes."""

    def __init__(self, folder: Path, max_bytes: int = 2_000_000_000) -> None:
        """Open the folder, which need not exist yet.

        Args:
            folder: where entries are kept; other files in it are left alone.
            max_bytes: size at which the least recently used entries go.
        """
        self.folder = folder
        self.max_bytes = max_bytes
        self._faults: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._bytes, self._counted = 0, 0
        self._trim()

    def get(self, key: str) -> bytes | None:
        """Return what was put under the key, or None; what is no whole entry is set aside."""
        path = self._path(key)
        try:
            content = self._read(path)
        except FileNotFoundError:
            return None
        except OSError as error:  # no sign of a bad entry: too many open files, no permission
            self._tell(f"an entry cannot be read: {error.strerror}")
            return None
        payload = content[len(MAGIC) + DIGEST :]
        if content[: len(MAGIC) + DIGEST] != MAGIC + _digest(key, payload):
            self._set_aside(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # used now: it goes last
        return payload

    def put(self, key: str, payload: bytes) -> bool:
        """Keep a payload; readers see the old entry or the whole new one, never a part.

        Returns whether it was kept: not what is larger than all the store, or cannot be written.
        """
        if len(payload) > self.max_bytes:
            self._path(key)  # a wrong key is told all the same
            return False
        try:
            self.write(key, payload)
        except OSError as error:
            self._tell(f"an entry cannot be written: {error.strerror}")
            return False
        return True

    def write(self, key: str, payload: bytes) -> None:
        """Keep a payload as ``put`` does; raises OSError where it cannot be written."""
        path = self._path(key)
        temporary = path.with_name(f"{TEMPORARY}{os.getpid()}-{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("xb") as file:
                file.write(MAGIC + _digest(key, payload))
                file.write(payload)
                file.flush()
                os.fsync(file.fileno())
            if path.is_dir() and not path.is_symlink():
                self._set_aside(path)
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        self._grow(len(payload) + len(MAGIC) + DIGEST)

    def count(self) -> tuple[int, int]:
        """Return how many files there are, and their bytes; other files in the folder are none."""
        entries = self._entries()
        return len(entries), sum(size for _, size, _ in entries)

    def clear(self) -> int:
        """Remove all that was ever put; returns how many files went. A server may go on meanwhile.

        Raises:
            OSError: one cannot be removed.
        """
        entries = self._entries()
        for _, _, path in entries:
            with contextlib.suppress(FileNotFoundError):  # somebody else was quicker
                _remove(path)
        with self._lock:
            self._bytes = self._counted = 0
        return len(entries)

    def set_aside(self) -> list[Path]:
        """List what stood in an entry's place and was none, until it goes for want of room."""
        return [path for path in self._files() if path.name.startswith(ASIDE)]

    def _path(self, key: str) -> Path:
        if not isinstance(key, str) or not KEY.fullmatch(key):
            raise ValueError(f"key is {key!r:.80}, expected 64 hex digits")
        return self.folder / key[:2] / key

    def _read(self, path: Path) -> bytes:
        """Return the content of a file, nothing of what is no file or larger than any entry."""
        most = self.max_bytes + len(MAGIC) + DIGEST
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > most:
            return b""
        # O_NOFOLLOW: a link put in its place meanwhile must not read another file; O_NONBLOCK: to
        # open a pipe is to wait for whoever writes to it
        flags = [getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")]
        with os.fdopen(os.open(path, os.O_RDONLY | sum(flags)), "rb") as file:
            return file.read(most)

    def _set_aside(self, path: Path) -> None:
        """Take what is no entry out of the way as it is: a folder is not emptied."""
        self._tell("an entry was damaged, it is set aside and computed again")
        with contextlib.suppress(OSError):
            path.rename(path.with_name(f"{ASIDE}{secrets.token_hex(8)}"))

    def _tell(self, what: str) -> None:
        """Write a fault to the log: the first of its kind, the 10th, the 100th and so on."""
        with self._lock:
            self._faults[what] += 1
            count = self._faults[what]
        if str(count).strip("0") == "1":
            LOG.warning("the store in %s: %s (number %d)", self.folder, what, count)

    def _grow(self, size: int) -> None:
        """Count a new entry, and now and then all that is there."""
        with self._lock:
            self._bytes += size
            fits = self._bytes <= min(self.max_bytes, self._counted + UNSEEN * self.max_bytes)
        if not fits:
            self._trim()

    def _trim(self) -> None:
        """Count all that is there; past the limit, what was used least recently goes."""
        with self._lock:
            entries = sorted(self._entries())
            self._bytes = sum(size for _, size, _ in entries)
            if self._bytes > self.max_bytes:
                for _, size, path in entries:
                    if self._bytes <= KEEP * self.max_bytes:
                        break
                    with contextlib.suppress(OSError):
                        _remove(path)
                        self._bytes -= size
            self._counted = self._bytes

    def _entries(self) -> list[tuple[float, int, Path]]:
        """List what the store has written as (when last used, bytes, path).

        What a killed writer left goes at once when it is old enough; a clock may have jumped
        either way since.
        """
        found: list[tuple[float, int, Path]] = []
        now = time.time()
        for path in self._files():
            with contextlib.suppress(OSError):
                status = path.lstat()
                used, size = status.st_mtime, status.st_size
                if path.name.startswith(TEMPORARY):
                    if abs(now - used) > STALE:
                        path.unlink()
                        continue
                elif path.name.startswith(ASIDE):
                    used, size = 0.0, _size(path)
                elif not KEY.fullmatch(path.name):
                    continue
                # a date in the future comes from a clock that was wrong: no sign of use
                found.append((used if used < now + 86_400 else 0.0, size, path))
        return found

    def _files(self) -> list[Path]:
        found: list[Path] = []
        with contextlib.suppress(OSError):
            for part in self.folder.iterdir():
                if len(part.name) == 2:
                    with contextlib.suppress(OSError):
                        found.extend(part.iterdir())
        return found


def look_over(folder: Path) -> list[tuple[str, str]]:
    """Say what is wrong with a store's folder, each with what to do about it.

    An entry is written there and removed again.
    """
    store, name = Store(folder), hashlib.sha256(b"look over").hexdigest()
    found: list[tuple[str, str]] = []
    try:
        store.write(name, b"\0" * PROBE)
    except OSError as error:
        what = tr(
            "Finished work cannot be kept in {folder}: {error}.",
            folder=folder,
            error=error.strerror,
        )
        fix = tr("Free or mend the disk, or name another folder in GLASSBOX_CACHE.")
        found.append((what, fix))
    with contextlib.suppress(OSError):
        store._path(name).unlink()
    bad = store.set_aside()
    if bad:
        what = tr(
            "Damaged entries were found in {folder} and set aside: {count}.",
            folder=folder,
            count=len(bad),
        )
        fix = tr("Check the disk; the files named {aside}* there may be removed.", aside=ASIDE)
        found.append((what, fix))
    return found


def _size(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder."""
    inside = path.rglob("*") if path.is_dir() and not path.is_symlink() else ()
    return sum(each.lstat().st_size for each in (path, *inside))


def _remove(path: Path) -> None:
    """Remove a file or link, or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _digest(key: str, payload: bytes) -> bytes:
    """Hash the key too, so that an entry copied to another key is no entry there."""
    return hashlib.sha256(key.encode("ascii") + payload).digest()
