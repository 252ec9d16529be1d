"""Kills, full disks and read-only places: nothing acknowledged is lost, and errors are clean."""

from __future__ import annotations

import multiprocessing
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.crash import torture
from obslib.core.errors import StoreError
from obslib.store.store import Store

from .conftest import counters, log_batch

NOBODY = 65_534


@pytest.mark.slow
def test_200_kills_in_ingest_and_compaction_lose_and_tear_nothing(tmp_path: Path):
    toll = torture(tmp_path / "store", kills=200, seed=20_261_102)
    assert (toll.kills, toll.lost, toll.torn, toll.unopened) == (200, 0, 0, 0)
    assert toll.in_append >= 20
    assert toll.in_compaction >= 20
    assert toll.acknowledged >= 50


def in_child(action: Callable[[], object]) -> str:
    """Run an action in a forked process; what it raised as text, or `""`."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            action()
            message = ""
        except BaseException as error:  # noqa: BLE001 - reported to the parent
            message = f"{type(error).__name__}: {error}"
        os.write(write, message.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read().decode()
    os.waitpid(child, 0)
    return text


def test_a_file_that_may_grow_no_further_is_a_clean_error_and_changes_nothing(store: Store):
    store.append(log_batch(3))

    def write_too_much() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        store.append(log_batch(50_000, body=os.urandom(8).hex()))

    message = in_child(write_too_much)
    assert message.startswith("StoreError: cannot write")
    assert "To fix:" in message
    assert Store.open(store.folder).sql("select count(*) as n from logs")["n"].tolist() == [3]
    assert not list(store.folder.rglob("*.tmp"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of one megabyte; needs the right to mount."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small file system here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_a_clean_error_and_the_store_goes_on_after_space_is_made(small_disk: Path):
    store = Store.create(small_disk / "telemetry")
    store.append(log_batch(100))
    noise = counters(50, 3_000)
    assert noise.metrics is not None
    noise.metrics.values[:] = np.random.default_rng(1).random(len(noise.metrics.values))
    with pytest.raises(StoreError, match=r"No space left on device[\s\S]*free some space"):
        store.append(noise)
    assert store.sql("select count(*) as n from logs")["n"].tolist() == [100]
    assert store.find_series([]) == []
    assert not list(store.folder.rglob("*.tmp"))
    store.append(counters(2, 5))
    assert len(Store.open(store.folder).find_series([])) == 2


def test_a_read_only_store_can_be_read_and_refuses_writes_cleanly(store: Store):
    store.append(log_batch(3))

    def write_as_nobody() -> None:
        if os.geteuid() == 0:
            os.setuid(NOBODY)
        else:
            store.folder.chmod(0o555)
            (store.folder / "lock").chmod(0o444)
        store.append(log_batch(1))

    for path in [store.folder, *store.folder.rglob("*"), *list(store.folder.parents)[:3]]:
        path.chmod(path.stat().st_mode | 0o055)
    message = in_child(write_as_nobody)
    store.folder.chmod(0o755)
    assert message.startswith("StoreError: cannot write to")
    assert "Permission denied" in message
    assert "To fix: check the permissions" in message
    assert store.sql("select count(*) as n from logs")["n"].tolist() == [3]


def test_a_place_that_cannot_be_made_is_a_clean_error(tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="cannot create"):
        Store.create(tmp_path / "file" / "telemetry")


def _append_many(folder: str, worker: int) -> None:
    store = Store.open(folder)
    for n in range(10):
        store.append(log_batch(5, body=f"w{worker}-{n}"))


def test_several_processes_may_write_at_once(store: Store):
    context = multiprocessing.get_context("forkserver")
    workers = [context.Process(target=_append_many, args=(str(store.folder), n)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert store.sql("select count(*) as n, count(distinct body) as d from logs").iloc[0].tolist() == [150, 150]
