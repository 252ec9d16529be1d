"""`%load_ext obslib` and `%%promql` in a real IPython shell."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from IPython.utils.capture import capture_output

from obslib.core.errors import InputError, QueryError
from obslib.core.frames import labels_of
from obslib.core.layout import SERIES, Batch, MetricBatch
from obslib.core.provenance import provenance_of
from obslib.store.store import Store
from obslib.workspace import Workspace, connect

NOW = pd.Timestamp("2026-11-02T12:00Z")
HOSTILE = "a\"b'\\c{}`$x\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with a counter of two services, one with a hostile name."""
    path = tmp_path_factory.mktemp("magics") / "store"
    store = Store.create(path)
    times = np.array([NOW.value // 10**6 - 60_000 * back for back in range(120, -1, -1)])
    rows = [{"metric_name": "hits_total", "labels": [("service", service)]} for service in ("web", HOSTILE)]
    plain = {"metric_type": "counter", "metric_unit": "", "metric_description": ""}
    series = SERIES.empty_table().from_pylist([plain | row for row in rows], SERIES)
    codes = np.repeat(np.arange(2, dtype=np.int32), len(times))
    values = np.concatenate([np.arange(121) * 60.0, np.arange(121) * 120.0])
    store.append(Batch(metrics=MetricBatch(series, codes, np.tile(times, 2), values)))
    store.set_property("now", NOW.isoformat())
    return f"store:{path}"


@pytest.fixture(scope="module")
def running() -> Iterator[InteractiveShell]:
    InteractiveShell.clear_instance()
    main = sys.modules["__main__"]  # the shell puts its own module there, from which no process can be started
    shell = InteractiveShell.instance(colors="nocolor")
    shell.history_manager.enabled = False
    yield shell
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()
    sys.modules["__main__"] = main


@pytest.fixture
def shell(running: InteractiveShell, folder: str) -> InteractiveShell:
    running.reset(new_session=False, aggressive=False)
    assert running.run_cell("%reload_ext obslib").success
    running.user_ns["ws"] = connect(folder)
    return running


def run(shell: InteractiveShell, line: str, cell: str) -> tuple[ExecutionResult, str]:
    """The result of a cell, and all that it printed."""
    with capture_output() as shown:
        result = shell.run_cell(f"%%promql {line}\n{cell}")
    return result, shown.stdout + shown.stderr


def answer(shell: InteractiveShell, line: str, cell: str) -> pd.DataFrame:
    result, shown = run(shell, line, cell)
    assert result.success, shown
    return result.result


def test_a_cell_is_answered_with_the_frame_that_the_workspace_gives(shell: InteractiveShell):
    query = "sum by (service) (\n  rate(hits_total[5m]))"
    frame = answer(shell, "--last 1h --step 5m", query)
    same = shell.user_ns["ws"].metrics(query, last="1h", step="5m")
    pd.testing.assert_frame_equal(frame, same)
    assert provenance_of(frame).data_hash == provenance_of(same).data_hash
    assert provenance_of(frame).query == query


def test_a_hostile_variable_stays_a_value(shell: InteractiveShell):
    shell.user_ns["who"] = HOSTILE
    for matcher in ("service=$who", 'service="$who"', "service=~'${who}'"):
        assert labels_of(answer(shell, "--last 1h", f"rate(hits_total{{{matcher}}}[5m])")) == [{"service": HOSTILE}]
    assert labels_of(answer(shell, "--last 1h", "rate(hits_total{service!=$who}[5m])")) == [{"service": "web"}]


def test_variables_are_lists_durations_and_numbers_where_these_belong(shell: InteractiveShell):
    shell.user_ns.update(services=["web", "x|y"], width=pd.Timedelta("10min"), floor=np.float64(0.5), nothing=None)
    frame = answer(
        shell, "--last 1h --step 10m", "rate(hits_total{service=$services, job=$nothing}[$width]) * $floor > -$floor"
    )
    assert provenance_of(frame).query == 'rate(hits_total{service=~"web|x\\\\|y"}[10m]) * 0.5 > -0.5'
    np.testing.assert_allclose(frame, 0.5)


def test_a_variable_of_the_notebook_is_read_when_the_cell_runs(shell: InteractiveShell):
    assert shell.run_cell("service = 'web'").success
    assert labels_of(answer(shell, "--last 1h", "rate(hits_total{service=$service}[5m])")) == [{"service": "web"}]


def test_queries_copied_from_dashboards_know_interval_and_range(shell: InteractiveShell):
    frame = answer(shell, "--last 2h --step 5m", "increase(hits_total[$__rate_interval]) + 0 * $__range")
    assert provenance_of(frame).query == "increase(hits_total[5m]) + 0 * 7200"
    frame = answer(shell, "--last 1h --step 1m", "max_over_time(hits_total[$__rate_interval:$__interval])")
    assert provenance_of(frame).query == "max_over_time(hits_total[5m:1m])"


def test_the_frame_can_be_kept_under_a_name(shell: InteractiveShell):
    frame = answer(shell, "--last 1h --as hits", "hits_total")
    assert shell.user_ns["hits"] is frame


def test_the_step_fits_the_window_unless_given(shell: InteractiveShell):
    assert provenance_of(answer(shell, "--last 1h", "hits_total")).step == "5s"
    assert provenance_of(answer(shell, "--last 1h --step 60s", "hits_total")).step == "1m"


def test_another_workspace_is_asked_by_variable_or_address(shell: InteractiveShell, folder: str):
    del shell.user_ns["ws"]
    shell.user_ns["archive"] = connect(folder)
    assert len(labels_of(answer(shell, "--on archive --last 1h", "hits_total"))) == 2
    assert len(labels_of(answer(shell, f"--on {folder} --last 1h", "hits_total"))) == 2


def test_without_a_workspace_the_default_profile_is_opened_once(
    shell: InteractiveShell, folder: str, monkeypatch: pytest.MonkeyPatch
):
    opened: list[str | None] = []

    def open_once(target: str | None = None) -> Workspace:
        opened.append(target)
        return connect(folder)

    monkeypatch.setattr("obslib.widgets.magics.connect", open_once)
    shell.user_ns["ws"] = "not a workspace"
    answer(shell, "--last 1h", "hits_total")
    answer(shell, "--last 2h", "hits_total")
    assert opened == [None]


@pytest.mark.parametrize(
    ("line", "cell", "kind", "shown"),
    [
        ("", "sum(hits_total", QueryError, ["parse error", "    sum(hits_total\n", "^", "To fix:"]),
        (
            "",
            "hits_total{service=$srvice}",
            QueryError,
            ["there is no value for $srvice", "    hits_total{", "'service'"],
        ),
        ("", "rate(hits_total[$service])", QueryError, ["cannot read 'web' as a duration", "^"]),
        ("--last soon", "hits_total", InputError, ["cannot read 'soon' as a duration"]),
        ("--step 0s", "hits_total", InputError, ["--step must be longer than zero"]),
        ("--as 1st", "hits_total", InputError, ["'1st' cannot be a variable"]),
        ("--colour red", "hits_total", InputError, ["unrecognized arguments: --colour red", "[--on PROFILE]"]),
        ("--last", "hits_total", InputError, ["expected one argument"]),
        ("--last '1h", "hits_total", InputError, ["No closing quotation"]),
        ("--on nowhere", "hits_total", InputError, ["there is no profile 'nowhere'"]),
    ],
)
def test_an_error_shows_our_message_and_no_stack(
    shell: InteractiveShell, line: str, cell: str, kind: type[Exception], shown: list[str]
):
    shell.user_ns["service"] = "web"
    result, text = run(shell, line, cell)
    assert not result.success
    assert type(result.error_in_exec) is kind
    assert text.startswith(f"{kind.__name__}: ")
    assert [part for part in shown if part not in text] == []
    assert "Traceback" not in text
    assert ".py" not in text


def test_only_variables_of_the_notebook_are_offered(shell: InteractiveShell):
    shell.user_ns["quit"] = "a name that IPython uses, too"
    text = run(shell, "", "hits_total{service=$zzz}")[1]
    assert "known: quit, ws." in text
    assert labels_of(answer(shell, "--last 1h", "rate(hits_total{service!=$quit}[5m])"))


def test_help_says_how_to_use_it(shell: InteractiveShell):
    with capture_output() as shown:
        shell.run_cell("%%promql?")
    text: Any = shown.stdout + "".join(str(one.data) for one in shown.outputs)
    assert "[--on PROFILE] [--last 6h] [--step 1m] [--as NAME]" in text
