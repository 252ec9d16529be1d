"""The catalogue's questions about nodes, asked of a real node_exporter."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from obslib import catalog
from obslib.core.frames import labels_of
from obslib.store.store import Store
from obslib.workspace import Workspace, connect
from obslib.workspace.scrape import TargetScraper, parse_target, scrape_on_grid
from tests.live.support import live_server

pytestmark = pytest.mark.live

NODES = [name for name in catalog.names() if name.startswith("node.")]
OPTIONAL = {"node.cpu_pressure": "node_pressure_cpu_waiting_seconds_total"}
"""What a kernel may lack: pressure stall information."""


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("catalog") / "store"
    store = Store.create(folder)
    with live_server("node_exporter") as exporter:
        scraper = TargetScraper(parse_target(exporter.url, job="node"), timeout=5.0)
        every, duration = pd.Timedelta("500ms"), pd.Timedelta("5s")
        ticks = list(scrape_on_grid([scraper], store.append, every=every, duration=duration))
        scraper.close()
    store.set_property("scrape_interval", "500ms")
    assert not any(tick.failed for tick in ticks)
    return connect(f"store:{folder}")


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
    np.testing.assert_allclose(modes, 1.0, atol=0.2)
    np.testing.assert_allclose(busy.to_numpy() + idle.to_numpy(), 1.0, atol=1e-9)


def test_all_memory_is_accounted_for(ws: Workspace):
    free = ws.ask("node.memory_available", last="4s", step="1s").to_numpy()
    used = ws.ask("node.memory", last="4s", step="1s").to_numpy()
    total = ws.metrics("node_memory_MemTotal_bytes", last="4s", step="1s").to_numpy()
    np.testing.assert_allclose(free / total + used, 1.0)
