"""The first notebook needs no more of a profile than that it answers something."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from obslib.core.layout import Batch
from obslib.report.running import run_notebook
from obslib.store.store import Store
from tests.notebooks.refresh import FOLDER


def logs_only() -> Batch:
    stamp = pa.array([1_790_035_200_000_000_000]).cast(pa.timestamp("ns")).cast(pa.timestamp("ns", "UTC"))
    return Batch(logs=pa.table({"timestamp": stamp, "body": ["hello"]}))


@pytest.mark.slow
@pytest.mark.parametrize("batch", [Batch(), logs_only()], ids=["nothing", "logs"])
def test_start_here_runs_on_a_store_that_lacks_signals(batch: Batch, tmp_path: Path):
    Store.create(tmp_path / "store").append(batch)
    done = run_notebook(FOLDER / "00_start_here.ipynb", profile=f"store:{tmp_path / 'store'}", last="1h")
    assert all(cell.get("execution_count") for cell in done.cells if cell.cell_type == "code")
