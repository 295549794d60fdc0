"""Finished work kept on disk: written whole or not at all, checked when read, bounded in size.

One file an entry, ``<folder>/ab/<key>``: magic, sha256 of key and payload, payload. Nothing here
raises for what a disk does: a disk that is full, read-only or damaged costs the entry only.
"""

import contextlib
import hashlib
import os
import re
import secrets
import threading
import time
from pathlib import Path

MAGIC = b"glassbox store 1\n"
DIGEST = hashlib.sha256().digest_size
KEY = re.compile(r"[0-9a-f]{64}")
STALE = 3600.0  # seconds after which a temporary file belongs to nobody
KEEP = 0.9  # share of the limit that is kept when it is passed
TEMPORARY = ".writing-"


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
        self._lock = threading.Lock()
        with contextlib.suppress(OSError):
            self._sweep()
        self._bytes = sum(size for _, size, _ in self._entries())

    def get(self, key: str) -> bytes | None:
        """Return what was put under the key, or None; an entry that is damaged is dropped.

        Args:
            key: 64 hex digits.

        Raises:
            ValueError: ``key`` is none.
        """
        path = self._path(key)
        try:
            # O_NOFOLLOW: a link put in an entry's place must not read another file
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(handle, "rb") as file:
                content = file.read(self.max_bytes + len(MAGIC) + DIGEST)
        except FileNotFoundError:
            return None
        except OSError:  # a folder or a link in its place, no permission, a broken disk
            self._drop(path)
            return None
        payload = content[len(MAGIC) + DIGEST :]
        if content[: len(MAGIC) + DIGEST] != MAGIC + _digest(key, payload):
            self._drop(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # used now: it goes last
        return payload

    def put(self, key: str, payload: bytes) -> bool:
        """Keep a payload; readers see the old entry or the whole new one, never a part.

        Args:
            key: 64 hex digits.
            payload: any bytes.

        Returns:
            Whether it was kept.

        Raises:
            ValueError: ``key`` is none.
        """
        path = self._path(key)
        if len(payload) > self.max_bytes:
            return False
        temporary = path.with_name(f"{TEMPORARY}{os.getpid()}-{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("xb") as file:
                file.write(MAGIC + _digest(key, payload))
                file.write(payload)
                file.flush()
                os.fsync(file.fileno())
            if path.is_dir() and not path.is_symlink():
                self._drop(path)
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()
            return False
        self._grow(len(payload))
        return True

    def _path(self, key: str) -> Path:
        if not isinstance(key, str) or not KEY.fullmatch(key):
            raise ValueError(f"key is {key!r:.80}, expected 64 hex digits")
        return self.folder / key[:2] / key

    def _drop(self, path: Path) -> None:
        """Take a bad entry out of the way; a folder in its place is set aside, not emptied."""
        with contextlib.suppress(OSError):
            if path.is_dir() and not path.is_symlink():
                path.rename(path.with_name(f"aside-{secrets.token_hex(8)}"))
            else:
                path.unlink()

    def _grow(self, size: int) -> None:
        """Count a new entry, and when the limit is passed let the least recently used go."""
        with self._lock:
            self._bytes += size + len(MAGIC) + DIGEST
            if self._bytes <= self.max_bytes:
                return
            # Counted anew: another process may have written or removed entries meanwhile.
            entries = sorted(self._entries())
            self._bytes = sum(size for _, size, _ in entries)
            for _, size, path in entries:
                if self._bytes <= KEEP * self.max_bytes:
                    break
                with contextlib.suppress(OSError):
                    path.unlink()
                    self._bytes -= size

    def _entries(self) -> list[tuple[float, int, Path]]:
        """List the entries as (when last used, bytes, path); what is no entry is not listed."""
        found: list[tuple[float, int, Path]] = []
        tomorrow = time.time() + 86_400
        for path in self._files():
            if KEY.fullmatch(path.name):
                with contextlib.suppress(OSError):
                    status = path.lstat()
                    # a date in the future comes from a clock that was wrong: no sign of use
                    used = status.st_mtime if status.st_mtime < tomorrow else 0.0
                    found.append((used, status.st_size, path))
        return found

    def _sweep(self) -> None:
        """Remove what a killed writer left; a clock may have jumped either way since."""
        for path in self._files():
            if path.name.startswith(TEMPORARY):
                with contextlib.suppress(OSError):
                    if abs(time.time() - path.lstat().st_mtime) > STALE:
                        path.unlink()

    def _files(self) -> list[Path]:
        found: list[Path] = []
        with contextlib.suppress(OSError):
            for part in self.folder.iterdir():
                if len(part.name) == 2:
                    with contextlib.suppress(OSError):
                        found.extend(part.iterdir())
        return found


def _digest(key: str, payload: bytes) -> bytes:
    """Hash the key too, so that an entry copied to another key is no entry there."""
    return hashlib.sha256(key.encode("ascii") + payload).digest()
