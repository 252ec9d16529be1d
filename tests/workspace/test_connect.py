"""From a profile's name to answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from obslib.core.config import Binding, Profile
from obslib.core.errors import InputError, UnsupportedError
from obslib.core.layout import LABELS, Batch, MetricBatch
from obslib.core.provenance import provenance_of
from obslib.core.window import Window
from obslib.store.store import Store
from obslib.workspace import Workspace, available_sources, connect

NOW = pd.Timestamp("2026-11-02T12:00Z")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a store `telemetry` that ends at NOW, and no other configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("OBSLIB_PROFILE", "OBSLIB_LAST"):
        monkeypatch.delenv(name, raising=False)
    series = pa.table(
        {
            "metric_name": ["up"],
            "metric_type": ["gauge"],
            "metric_unit": [""],
            "metric_description": [""],
            "labels": pa.array([[("job", "api")]], LABELS),
        }
    )
    times = NOW.value // 10**6 - np.arange(600, dtype=np.int64)[::-1] * 60_000
    store = Store.create(tmp_path / "telemetry")
    store.append(Batch(metrics=MetricBatch(series, np.zeros(600, np.int32), times, np.ones(600))))
    store.set_property("now", NOW.isoformat())
    return tmp_path


def test_an_address_opens_a_store_with_its_own_clock(folder: Path):
    ws = connect("store:telemetry")
    assert ws.now() == NOW
    frame = ws.metrics("up", last="1h")
    assert frame.index[-1] < NOW
    assert frame.notna().all().all()
    assert provenance_of(frame).profile == "store"


def test_a_profile_binds_signals_and_may_fix_the_clock(folder: Path):
    (folder / "obslib.toml").write_text(
        'default = "archive"\n[profiles.archive]\nnow = "2026-11-02T06:00Z"\n'
        '[profiles.archive.metrics]\nsource = "store"\npath = "telemetry"\n'
    )
    ws = connect()
    assert ws.now() == pd.Timestamp("2026-11-02T06:00Z")
    assert provenance_of(ws.metrics("up", last="1h")).profile == "archive"
    with pytest.raises(UnsupportedError, match="no source for logs"):
        ws.logs()


def test_a_profiles_retention_is_applied_by_the_next_append(folder: Path):
    (folder / "obslib.toml").write_text(
        '[profiles.short]\nsource = "store"\npath = "telemetry"\nretention = "metrics 1d, logs 1d"\n'
    )
    connect("short")
    store = Store.open(folder / "telemetry")
    old = pa.array([NOW.value - 3 * 86_400 * 10**9]).cast(pa.timestamp("ns")).cast(pa.timestamp("ns", "UTC"))
    store.append(Batch(logs=pa.table({"timestamp": old, "body": ["old"]})))
    assert {one.signal: one.rows for one in store.info() if one.rows} == {"metrics": 600, "series": 1}


def test_one_source_serves_all_the_signals_that_share_its_settings(folder: Path):
    ws = connect("store:telemetry")
    assert len({id(source) for source in ws._sources.values()}) == 1


def test_the_step_gives_about_a_thousand_points_unless_told(folder: Path):
    ws = connect("store:telemetry")
    assert 360 <= len(ws.metrics("up", last="6h")) <= 1_000
    assert len(ws.metrics("up", last="1h", step="10m")) == 6


def test_the_default_window_is_six_hours_or_the_environments(folder: Path, monkeypatch: pytest.MonkeyPatch):
    ws = connect("store:telemetry")
    assert ws.window().duration == pd.Timedelta("6h")
    monkeypatch.setenv("OBSLIB_LAST", "2h")
    assert ws.window().duration == pd.Timedelta("2h")


@pytest.mark.parametrize("bogus", ["bogus", "-2h", "0s"])
def test_a_bad_length_in_the_environment_is_blamed_on_the_variable(
    folder: Path, monkeypatch: pytest.MonkeyPatch, bogus: str
):
    monkeypatch.setenv("OBSLIB_LAST", bogus)
    ws = connect("store:telemetry")
    with pytest.raises(InputError, match=f"environment variable OBSLIB_LAST: .*{bogus}"):
        ws.window()
    assert ws.window("1h").duration == pd.Timedelta("1h")


def test_relative_words_count_from_the_workspaces_clock(folder: Path):
    ws = connect("store:telemetry")
    assert ws.between("yesterday", "today") == Window("2026-11-01", "2026-11-02")
    assert ws.between("-1h") == Window("2026-11-02T11:00Z", NOW)


def test_both_last_and_window_is_an_error(folder: Path):
    ws = connect("store:telemetry")
    with pytest.raises(InputError, match="both"):
        ws.metrics("up", last="1h", window=ws.window("1h"))


def test_one_moment_counts_from_the_workspaces_clock(folder: Path):
    frame = connect("store:telemetry").instant("count(up)", at="-1h")
    assert frame.index.tolist() == [NOW - pd.Timedelta("1h")]
    assert frame.iloc[0].tolist() == [1.0]


def test_sql_binds_its_parameters(folder: Path):
    answer = connect("store:telemetry").sql("select count(*) as n from metrics where metric_name = ?", ["up"])
    assert answer["n"].tolist() == [600]


def test_sql_needs_a_store():
    profile = Profile("x", {"metrics": Binding("other")})
    ws = Workspace(profile, {"metrics": object()}, lambda: NOW)
    with pytest.raises(UnsupportedError, match="no embedded store"):
        ws.sql("select 1")
    with pytest.raises(UnsupportedError, match="does not answer metrics"):
        ws.metrics("up")


def test_it_says_what_it_can_be_asked_for(folder: Path):
    assert connect("store:telemetry").answers == {"metrics", "logs", "traces", "events", "sql"}
    assert connect("prometheus+http://127.0.0.1:1").answers == {"metrics", "events"}


def test_sql_says_where_it_came_from(folder: Path):
    origin = provenance_of(connect("store:telemetry").sql("select count(*) as n, min(labels) as l from metrics"))
    assert (origin.profile, origin.source, origin.language, origin.rows) == ("store", "store", "sql", 1)


def test_an_unknown_source_names_the_known_ones(folder: Path):
    with pytest.raises(InputError, match="did you mean 'store'"):
        connect("stoer://telemetry")


def test_an_unknown_profile_names_the_file_to_write(folder: Path):
    with pytest.raises(InputError, match=r"obslib\.toml"):
        connect("prod")


def test_pickers_and_health_answer(folder: Path):
    ws = connect("store:telemetry")
    assert ws.label_names() == ["__name__", "job"]
    assert ws.label_values("job") == ["api"]
    assert ws.services() == []
    assert ws.operations("web") == []
    assert "body" in ws.fields()
    assert ws.events().empty
    assert ws.trace("abc").empty
    assert ws.health()["metrics"].ok
    assert "600 metrics" in ws.health()["metrics"].detail


def test_its_text_says_what_it_is(folder: Path):
    assert "store" in repr(connect("store:telemetry"))


def test_the_demo_and_the_store_are_always_available():
    assert {"demo", "store"} <= set(available_sources())
