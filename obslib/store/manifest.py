"""The list of files that make up a store: read whole, replaced whole, changed by one writer at a time.

A file exists for readers only once the manifest names it, so a crash leaves at worst a file nobody
sees. Order of a commit: data files (temporary name, fsync, rename), then the manifest the same way.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from obslib.core.errors import InputError, StoreError

FORMAT = 1
NAME = "manifest.json"
LOCK = "lock"


class DataFile(msgspec.Struct, frozen=True):
    """One Parquet file. `start` and `end` are the first and last timestamp in it, epoch ns (0 for series)."""

    path: str
    signal: str
    day: str
    rows: int
    bytes: int
    start: int
    end: int
    level: int = 0


class Retired(msgspec.Struct, frozen=True):
    """A file no longer listed, kept a while for readers that opened an older manifest."""

    path: str
    at: float


class Manifest(msgspec.Struct, frozen=True):
    """Everything a reader must know; `version` grows by one with each commit."""

    format: int = FORMAT
    version: int = 0
    files: tuple[DataFile, ...] = ()
    retired: tuple[Retired, ...] = ()
    origins: tuple[str, ...] = ()
    retention: dict[str, int] = {}
    """Days to keep, by signal."""
    properties: dict[str, str] = {}

    def of(self, signal: str) -> list[DataFile]:
        """The files of one signal by day, within a day in the order of their commits."""
        return sorted((file for file in self.files if file.signal == signal), key=lambda file: file.day)


@dataclass(frozen=True)
class ManifestFile:
    """The manifest on disk and its lock."""

    folder: Path

    def read(self) -> Manifest:
        """The current manifest.

        Raises
        ------
        StoreError
            If there is none, it is damaged, or a newer obslib wrote it.
        """
        path = self.folder / NAME
        try:
            manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
        except FileNotFoundError as error:
            raise StoreError(
                f"{self.folder} is not an obslib store: it has no {NAME}.",
                fix="check the path, or make one with `obslib ingest FILE --store DIR`.",
            ) from error
        except msgspec.DecodeError as error:
            raise StoreError(
                f"{path} is damaged: {error}.", fix="restore it from a backup; the data files beside it are whole."
            ) from error
        except OSError as error:
            raise disk_error("read", path, error) from error
        if manifest.format > FORMAT:
            raise StoreError(
                f"{path} was written by a newer obslib (format {manifest.format}).", fix="pip install --upgrade obslib"
            )
        return manifest

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the store's one write lock, waiting for other writers."""
        with locked(self.folder / LOCK):
            yield

    def commit(self, manifest: Manifest) -> Manifest:
        """Replace the manifest durably; call it inside `writing()`. Returns it with its new version."""
        following = msgspec.structs.replace(manifest, version=manifest.version + 1)
        write_durably(self.folder / NAME, msgspec.json.encode(following))
        return following


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that this file stands for, waiting for others; the end of the process releases it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise disk_error("write to", path.parent, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that after a crash or power loss it is either the old one or the new one, whole."""
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        publish(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise disk_error("write", path, error) from error


def publish(temporary: Path, path: Path) -> None:
    """Give a finished, synced file its final name, durably."""
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def parse_retention(text: str) -> dict[str, int]:
    """Read `"metrics 90d, logs 14d, traces 7d"` into days by signal.

    >>> parse_retention("metrics 90d, logs 2w")
    {'metrics': 90, 'logs': 14}
    """
    known = {"metrics": "metrics", "logs": "logs", "traces": "spans", "spans": "spans", "events": "events"}
    days: dict[str, int] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        signal, _, length = part.partition(" ")
        count, unit = length.strip()[:-1], length.strip()[-1:]
        if signal not in known or not count.isdigit() or unit not in {"d", "w", "y"} or int(count) == 0:
            raise InputError(
                f"cannot read {part!r} as a retention rule.", fix='write "metrics 90d, logs 14d, traces 7d".'
            )
        days[known[signal]] = int(count) * {"d": 1, "w": 7, "y": 365}[unit]
    return days


def retire(manifest: Manifest, gone: list[DataFile], at: float, *, replacement: DataFile | None = None) -> Manifest:
    """Take files out of the listing; they stay on disk until readers of older manifests are done.

    A replacement takes the place of the last of them, so that the order of commits is kept.
    """
    names = {file.path for file in gone}
    files: list[DataFile] = []
    for file in manifest.files:
        if file.path not in names:
            files.append(file)
        elif replacement is not None and file.path == gone[-1].path:
            files.append(replacement)
    retired = (*manifest.retired, *(Retired(file.path, at) for file in gone))
    return msgspec.structs.replace(manifest, files=tuple(files), retired=retired)


def disk_error(action: str, path: Path, error: OSError) -> StoreError:
    """What an `OSError` of the store's disk means to its user."""
    fixes = {
        28: "free some space, or lower the retention: `obslib store retain`.",
        30: "the file system is read-only; choose another directory.",
        13: "check the permissions, or choose another directory.",
    }
    return StoreError(
        f"cannot {action} {path}: {error.strerror or error}.", fix=fixes.get(error.errno or 0, "check the disk.")
    )
