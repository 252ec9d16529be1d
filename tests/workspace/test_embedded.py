"""The demo platform as a profile: built once, whole, where it belongs."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pandas as pd
import pytest

from obslib import demo
from obslib.core.errors import InputError
from obslib.core.frames import EVENTS, LOGS, SPANS, labels_of
from obslib.store.store import Store
from obslib.workspace import Workspace, connect, embedded

SMALL = '[profiles.demo]\nsource = "demo"\nscale = 0.01\ndays = 3\nseed = 5\n'


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("demo")
    (folder / "obslib.toml").write_text(SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("OBSLIB_HOME", str(folder / "home"))
        patch.setenv("XDG_CONFIG_HOME", str(folder / "none"))
        return connect("demo")


def test_its_clock_stands_at_the_end_of_its_data(ws: Workspace):
    assert ws.now() == demo.NOW
    newest = ws.sql("select max(timestamp) as t from logs")["t"][0]
    assert demo.NOW - newest < pd.Timedelta("5min")


def test_every_signal_answers_in_its_table(ws: Workspace):
    rates = ws.metrics("sum by (service) (rate(http_requests_total[5m]))", last="2h")
    assert {"web", "api-gateway", "catalog"} <= {one["service"] for one in labels_of(rates)}
    assert rates.notna().all().all()
    assert len(LOGS.check(ws.logs(last="1h", limit=50))) == 50
    assert len(SPANS.check(ws.spans(last="1h", limit=50))) == 50
    assert not EVENTS.check(ws.events(last="3d")).empty
    assert "web" in ws.services()


def test_a_trace_of_a_log_line_is_found(ws: Workspace):
    found = ws.sql("select trace_id from logs join spans using (trace_id) where logs.trace_id <> '' limit 1")
    trace = ws.trace(found["trace_id"][0])
    assert len(trace) >= 1
    assert trace["start"].is_monotonic_increasing


def test_a_second_use_opens_what_the_first_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OBSLIB_HOME", str(tmp_path))
    said: list[str] = []
    first = embedded.demo_store_path(scale=0.001, days=1, seed=2, progress=said.append)
    assert len(said) == 2
    assert embedded.demo_store_path(scale=0.001, days=1, seed=2, progress=said.append) == first
    assert len(said) == 2


def test_a_build_that_was_interrupted_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OBSLIB_HOME", str(tmp_path))

    def fail(**_: object) -> object:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(demo, "generate", fail)
        with pytest.raises(KeyboardInterrupt):
            embedded.demo_store_path(scale=0.001, days=1, seed=3)
    assert not [path for path in tmp_path.iterdir() if path.suffix not in {".building", ".lock"}]
    assert embedded.demo_store_path(scale=0.001, days=1, seed=3).is_dir()


def _build(folder: str, pipe: Connection) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBSLIB_HOME", folder)
        said: list[str] = []
        path = embedded.demo_store_path(scale=0.001, days=1, seed=4, progress=said.append)
        pipe.send((len(said), sum(one.rows for one in Store.open(path).info())))


def test_of_several_processes_that_want_it_at_once_one_builds(tmp_path: Path):
    context = get_context("forkserver")
    pipes = [context.Pipe(duplex=False) for _ in range(3)]
    workers = [context.Process(target=_build, args=(str(tmp_path), theirs)) for _, theirs in pipes]
    for worker in workers:
        worker.start()
    answers = [ours.recv() for ours, _ in pipes]
    for worker in workers:
        worker.join()
    assert sorted(lines for lines, _ in answers) == [0, 0, 2]
    assert len({rows for _, rows in answers}) == 1


def test_a_store_without_a_path_says_what_to_add():
    with pytest.raises(InputError, match="needs its directory"):
        embedded.store_source({})


@pytest.mark.parametrize(
    ("factory", "settings", "fix"),
    [
        (embedded.store_source, {"path": "x", "pth": "y"}, "did you mean 'path'?"),
        (embedded.store_source, {"path": "x", "retentoin": "7d"}, "did you mean 'retention'?"),
        (embedded.demo_source, {"seeed": 3}, "did you mean 'seed'?"),
    ],
)
def test_a_mistyped_setting_is_refused_with_the_nearest(
    factory: Callable[[dict[str, object]], object], settings: dict[str, object], fix: str
):
    with pytest.raises(InputError, match="has no setting") as caught:
        factory(settings)
    assert caught.value.fix == fix


def test_a_mistyped_variable_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OBSLIB_DEMO_SEEED", "3")
    with pytest.raises(InputError, match="the source demo has no setting 'seeed'"):
        connect("demo")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"scale": "abc"}, "scale must be a number, got 'abc'"),
        ({"scale": "nan"}, "scale must be a number, got 'nan'"),
        ({"days": 2.5}, "days must be a whole number, got 2.5"),
        ({"seed": ""}, "seed must be a whole number, got ''"),
    ],
)
def test_a_setting_of_the_demo_that_is_no_number_is_named(settings: dict[str, object], problem: str):
    with pytest.raises(InputError, match=problem) as caught:
        embedded.demo_source(settings)
    assert caught.value.fix.startswith("for example ")
