"""The catalogue's questions about nodes, asked of a real node_exporter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from obslib import catalog
from obslib.cli import main
from obslib.core.frames import labels_of
from obslib.store.store import Store
from obslib.workspace import Workspace, connect
from tests.live.support import live_server

pytestmark = pytest.mark.live

NODES = [name for name in catalog.names() if name.startswith("node.")]
OPTIONAL = {"node.cpu_pressure": "node_pressure_cpu_waiting_seconds_total"}
"""What a kernel may lack: pressure stall information."""


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("catalog") / "store"
    with live_server("node_exporter") as exporter:
        assert main(["scrape", exporter.url, "--every", "500ms", "--for", "5s", "--store", str(folder)]) == 0
    store = Store.open(folder)
    store.set_property("now", store.info()[0].end.isoformat())  # however long the tests take
    return connect(f"store:{folder}")


def test_rates_look_back_five_of_the_scrapes_that_were_made(ws: Workspace):
    assert ws.rate_range("1s") == pd.Timedelta("2.5s")


def test_there_are_questions_about_use_saturation_and_errors_of_nodes():
    assert set(NODES) > {"node.cpu", "node.load_per_core", "node.memory", "node.disk_space", "node.retransmissions"}


@pytest.mark.parametrize("name", NODES)
def test_a_real_node_answers(name: str, ws: Workspace):
    frame = ws.ask(name, last="4s", step="1s")
    if name in OPTIONAL and OPTIONAL[name] not in ws.label_values("__name__", last="1m"):
        pytest.skip(f"this kernel has no {OPTIONAL[name]}")
    values = frame.to_numpy()
    assert np.isfinite(values).any(), f"nothing is known; needs {catalog.get(name).metrics()}"
    assert not np.isinf(values).any()
    if catalog.get(name).unit == "1":
        assert np.nanmin(values) >= -0.05  # counters of a busy machine are read a little late
        assert np.nanmax(values) <= 1.5


def test_a_node_is_told_apart_and_chosen_by_its_address(ws: Workspace):
    (instance,) = ws.label_values("instance", last="1m")
    assert labels_of(ws.ask("node.cpu", last="4s", step="1s")) == [{"instance": instance}]
    assert labels_of(ws.ask("node.cpu", instance=instance, last="4s", step="1s")) == [{"instance": instance}]
    assert labels_of(ws.ask("node.cpu", instance="elsewhere", last="4s", step="1s")) == []


def test_the_shares_of_cpu_time_add_up(ws: Workspace):
    modes = ws.ask("node.cpu_by_mode", last="3s", step="1s").sum(axis=1)
    busy = ws.ask("node.cpu", last="3s", step="1s")
    idle = ws.ask("node.cpu_by_mode", mode="idle", last="3s", step="1s")
    np.testing.assert_allclose(np.nanmedian(modes), 1.0, atol=0.2)  # counters of a busy machine are read late
    np.testing.assert_allclose(busy.to_numpy() + idle.to_numpy(), 1.0, atol=1e-9)


def test_all_memory_is_accounted_for(ws: Workspace):
    free = ws.ask("node.memory_available", last="4s", step="1s").to_numpy()
    used = ws.ask("node.memory", last="4s", step="1s").to_numpy()
    total = ws.metrics("node_memory_MemTotal_bytes", last="4s", step="1s").to_numpy()
    np.testing.assert_allclose(free / total + used, 1.0)
