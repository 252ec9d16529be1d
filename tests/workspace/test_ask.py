"""`ws.ask`: a template, its window and step, and what the answer carries for a figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import obslib
from obslib.core.config import Profile
from obslib.core.errors import InputError
from obslib.core.frames import labels_of
from obslib.core.provenance import Provenance, attach, data_hash, provenance_of
from obslib.core.window import Window
from obslib.languages.promql import MemorySeries, query_range
from obslib.store.store import Store
from obslib.workspace import Workspace, connect

NOW = pd.Timestamp("2026-11-02T12:00Z")
HOSTILE = 'che"ck\\out{}\n'
TIMES = [int(NOW.timestamp() * 1000) - 60_000 * back for back in range(120, -1, -1)]


class Memory:
    """A source over arrays that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Window, pd.Timedelta]] = []
        hits = {"__name__": "http_requests_total", "code": "200"}
        self.series = MemorySeries.of(
            [
                (hits | {"service": HOSTILE}, TIMES, np.arange(121) * 60.0),
                (hits | {"service": "web"}, TIMES, np.arange(121) * 120.0),
            ]
        )

    def query_metrics(self, query: str, window: Window, *, step: pd.Timedelta) -> pd.DataFrame:
        self.asked.append((query, window, step))
        grid = window.grid(step)
        start, end = grid[0].value // 10**6, grid[-1].value // 10**6
        frame = query_range(query, self.series, start=start, end=end, step=step.value // 10**6).to_frame()
        return attach(frame, Provenance.of_query("memory", query, window, language="promql", step=step))

    def label_names(self, window: Window) -> list[str]:
        return ["code", "service"]

    def label_values(self, name: str, window: Window, *, matchers: Any = ()) -> list[str]:
        return []


@pytest.fixture
def source() -> Memory:
    return Memory()


@pytest.fixture
def ws(source: Memory) -> Workspace:
    return Workspace(Profile("mine", {}), {"metrics": source}, lambda: NOW)


def test_a_question_is_answered_with_unit_title_and_origin(ws: Workspace):
    frame = ws.ask("http.requests", last="1h")
    assert frame.columns.tolist() == [HOSTILE, "web"]
    np.testing.assert_allclose(frame.iloc[10], [1.0, 2.0])
    told = provenance_of(frame)
    assert (told.profile, told.unit, told.language) == ("mine", "{request}/s", "promql")
    assert told.query == "sum by (service) (rate(http_requests_total{}[5m]))"
    assert told.details == {
        "title": "Requests",
        "template": "http.requests",
        "question": "How much traffic does each service or endpoint serve?",
        "figure": "timeseries",
        "needs": "http_requests_total",
    }
    assert told.data_hash == data_hash(frame)


def test_a_hostile_value_finds_exactly_its_series(ws: Workspace):
    assert labels_of(ws.ask("http.requests", service=HOSTILE, last="1h")) == [{"service": HOSTILE}]
    assert labels_of(ws.ask("http.requests", service=[HOSTILE, "no"], last="1h")) == [{"service": HOSTILE}]
    assert len(labels_of(ws.ask("http.requests", service=[HOSTILE, "web"], last="1h"))) == 2


def test_nothing_found_is_an_empty_frame_that_still_says_its_title(ws: Workspace):
    frame = ws.ask("http.requests", service="absent", last="1h")
    assert frame.empty
    assert provenance_of(frame).details["title"] == "Requests (service absent)"


def test_the_sliding_window_follows_the_step_that_is_asked(ws: Workspace, source: Memory):
    ws.ask("http.requests", last="7d")
    ws.ask("http.requests", last="7d", step="1h")
    ws.ask("http.requests", window=Window("2026-11-02T10:00Z", "2026-11-02T12:00Z"), step=60)
    assert [(query.split("[")[1], step) for query, _, step in source.asked] == [
        ("15m]))", pd.Timedelta("15min")),
        ("1h]))", pd.Timedelta("1h")),
        ("5m]))", pd.Timedelta("1min")),
    ]
    assert source.asked[2][1].duration == pd.Timedelta("2h")


def test_a_figure_takes_title_and_unit_from_the_answer(ws: Workspace):
    figure = obslib.plot_timeseries(ws.ask("http.requests", service="web", last="1h"))
    assert figure.layout.title.text == "Requests (service web)"
    assert figure.layout.meta["obslib"]["unit"] == "{request}/s"
    assert obslib.plot_timeseries(ws.ask("http.requests", last="1h"), title="Mine").layout.title.text == "Mine"


@pytest.mark.parametrize(
    ("name", "parameters", "problem"),
    [
        ("http.request", {}, "there is no template 'http.request'"),
        ("http.requests", {"quantile": 0.5}, "template 'http.requests' has no parameter 'quantile'"),
        ("http.requests", {"range": "x"}, "template 'http.requests': parameter 'range' must be a duration"),
        ("http.requests", {"last": "1h", "window": Window("2026-11-01", "2026-11-02")}, "both last= and window="),
        ("http.requests", {"step": "x"}, "cannot read 'x' as a duration"),
    ],
)
def test_wrong_questions_are_refused_before_the_source_is_asked(
    ws: Workspace, source: Memory, name: str, parameters: dict[str, Any], problem: str
):
    with pytest.raises(InputError) as caught:
        ws.ask(name, **parameters)
    assert problem in caught.value.problem
    assert source.asked == []


@pytest.mark.parametrize(
    ("interval", "step", "width"), [("15s", "1m", "75s"), ("15s", "5m", "5m"), ("2m", "1m", "10m")]
)
def test_rates_look_back_five_scrapes_or_a_step(source: Memory, interval: str, step: str, width: str):
    ws = Workspace(Profile("mine", {}, {"scrape_interval": interval}), {"metrics": source}, lambda: NOW)
    assert ws.rate_range(step) == pd.Timedelta(width)


def test_a_wrong_scrape_interval_is_named(source: Memory):
    ws = Workspace(Profile("mine", {}, {"scrape_interval": "0s"}), {"metrics": source}, lambda: NOW)
    with pytest.raises(InputError, match="scrape_interval must be longer than zero"):
        ws.rate_range("1m")


def test_what_a_scrape_noted_in_the_store_is_known(tmp_path: Path):
    store = Store.create(tmp_path / "store")
    assert connect(f"store:{store.folder}").rate_range("1s") == pd.Timedelta("5min")
    store.set_property("scrape_interval", "5s")
    assert connect(f"store:{store.folder}").rate_range("1s") == pd.Timedelta("25s")


def test_several_questions_give_frames_by_title_for_a_board():
    frames = connect("demo").ask_each("http.requests", "slo.availability", last="6h")
    assert list(frames) == ["Requests", "Availability"]
    assert frames["Requests"].attrs["obslib"]["step"] == "2m"
    assert frames["Requests"].attrs["obslib"]["details"]["needs"] == "http_requests_total"


def test_metric_names_come_with_type_unit_and_help():
    known = connect("demo").metric_names(last="1h").set_index("metric")
    row = known.loc["http_requests_total"]
    assert (row["type"], row["unit"]) == ("counter", "{request}")
    assert row["help"].startswith("HTTP requests answered")
    assert known.index.is_monotonic_increasing


def test_metric_names_of_a_source_that_describes_nothing_are_names_only():
    class Silent:
        def query_metrics(self, query, window, *, step): ...
        def label_names(self, window): ...
        def label_values(self, name, window, *, matchers=()):
            return ["a_total", "b"]

    now = pd.Timestamp("2026-11-02T12:00Z")
    known = Workspace(Profile("x", {}, {}, "here"), {"metrics": Silent()}, lambda: now).metric_names(last="1h")
    assert known["metric"].tolist() == ["a_total", "b"]
    assert known[["type", "unit", "help"]].to_numpy().tolist() == [["", "", ""]] * 2


def test_parts_of_a_histogram_have_the_words_of_their_family():
    class Described:
        def query_metrics(self, query, window, *, step): ...
        def label_names(self, window): ...
        def label_values(self, name, window, *, matchers=()):
            return ["took_seconds_bucket", "took_seconds_sum"]

        def metadata(self, metric=""):
            return pd.DataFrame({"metric": ["took_seconds"], "type": "histogram", "unit": "s", "help": "How long."})

    now = pd.Timestamp("2026-11-02T12:00Z")
    known = Workspace(Profile("x", {}, {}, "here"), {"metrics": Described()}, lambda: now).metric_names(last="1h")
    assert known["help"].tolist() == ["How long."] * 2
