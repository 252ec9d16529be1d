"""SIGKILL a writer at random points of ingest and compaction, and count what was lost or torn.

    python -m benchmarks.crash [--kills 200] [--seed 1] [--dir DIR]

A child process appends numbered batches of logs, spans and samples, and compacts now and then; it
reports each batch once `Store.append` has returned. The parent kills it at a random moment, opens
the store and checks that every reported batch is there whole and that no batch is there in part.
Goals: 0 lost, 0 torn, 0 stores that would not open, any reopening under 2 s.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.crash_writer import ROWS, write_for_ever
from obslib.core.errors import ObslibError
from obslib.store.store import Store

LONGEST_WORK_SECONDS = 0.04
"""About how long an append or a compaction of this size takes, so that a kill falls anywhere inside it."""


@dataclass
class Toll:
    """What the kills did."""

    kills: int = 0
    in_append: int = 0
    in_compaction: int = 0
    acknowledged: int = 0
    lost: int = 0
    torn: int = 0
    unopened: int = 0
    slowest_open: float = 0.0

    @property
    def clean(self) -> bool:
        """Whether every goal is met."""
        return self.lost == self.torn == self.unopened == 0 and self.slowest_open < 2.0


def torture(folder: Path, *, kills: int, seed: int) -> Toll:
    """Kill a writer `kills` times and examine the store after each."""
    Store.create(folder)
    context = get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.crash_writer"])
    chance = random.Random(seed)  # noqa: S311 - repeatable moments, not secrets
    toll = Toll()
    acknowledged: set[int] = set()
    following = 0
    for _ in range(kills):
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=write_for_ever, args=(str(folder), following, theirs))
        child.start()
        theirs.close()
        said = _until(ours, chance.choice(["append", "compact"]), chance.randrange(1, 4))
        time.sleep(chance.uniform(0, LONGEST_WORK_SECONDS))
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        said += _rest(ours)
        toll.kills += 1
        toll.in_append += said[-1][0] == "append"
        toll.in_compaction += said[-1][0] == "compact"
        acknowledged |= {number for doing, number in said if doing == "done"}
        following = max(number for _, number in said) + 1
        _examine(folder, acknowledged, toll)
    toll.acknowledged = len(acknowledged)
    return toll


def _until(pipe: Connection, wished: str, times: int) -> list[tuple[str, int]]:
    """What the child says up to the start of the work in which it is to be killed."""
    said = []
    while times:
        said.append(pipe.recv())
        times -= said[-1][0] == wished
    return said


def _rest(pipe: Connection) -> list[tuple[str, int]]:
    said = []
    try:
        while pipe.poll():
            said.append(pipe.recv())
    except EOFError:
        pass
    return said


def _examine(folder: Path, acknowledged: set[int], toll: Toll) -> None:
    begin = time.perf_counter()
    try:
        store = Store.open(folder)
        counts = {
            "logs": "select body::int as batch, count(*) as n from logs group by all",
            "spans": "select span_name::int as batch, count(*) as n from spans group by all",
            "metrics": "select value::int as batch, count(*) as n from metrics group by all",
        }
        toll.slowest_open = max(toll.slowest_open, time.perf_counter() - begin)
        found = {name: store.sql(query).set_index("batch")["n"].to_dict() for name, query in counts.items()}
    except ObslibError as error:
        toll.unopened += 1
        print(f"after kill {toll.kills}: {error}", file=sys.stderr)
        return
    seen = set().union(*found.values())
    toll.lost += len(acknowledged - seen)
    toll.torn += sum(any(one.get(number) != ROWS for one in found.values()) for number in seen)


def main() -> int:
    """Run from the command line; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", type=Path, help="an empty directory; default: a temporary one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        toll = torture(arguments.dir or Path(temporary) / "store", kills=arguments.kills, seed=arguments.seed)
    print(f"{toll.kills} kills: {toll.in_append} in an append, {toll.in_compaction} in a compaction, the rest between")
    print(
        f"acknowledged batches {toll.acknowledged}: lost {toll.lost} (goal 0), torn {toll.torn} (goal 0), "
        f"stores that would not open {toll.unopened} (goal 0), slowest open {toll.slowest_open:.2f} s (goal < 2 s)"
    )
    return 0 if toll.clean else 1


if __name__ == "__main__":
    sys.exit(main())
