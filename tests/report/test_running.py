"""Notebooks run in fresh kernels of this interpreter."""

from __future__ import annotations

import asyncio
import sys
import threading
import time

import nbformat
import pytest

from obslib.core.errors import InputError, NotebookError
from obslib.report.running import PLOTLY_MIME, Execution, Step, prepare, run_notebook
from tests.report.support import code, notebook, prose, saved

CHART = """import obslib, pandas as pd
from obslib.figures.timeseries import plot_timeseries
frame = obslib.metric_frame(pd.date_range("2026-11-01", periods=3, freq="1min"), [[1], [2], [3]], [{"job": "a"}])
plot_timeseries(frame, title="Three points")"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """One run for many questions: the executed notebook, the steps told, the written file."""
    folder = tmp_path_factory.mktemp("run")
    path = saved(
        folder,
        "book",
        prose("# Title"),
        code('profile = "demo"\nlast = "24h"\ncount = 1', tags=("parameters",)),
        code("import sys\nprint(sys.executable)\nprint(profile, last, count)"),
        code(CHART),
    )
    steps: list[Step] = []
    out = folder / "deep" / "out.ipynb"
    executed = run_notebook(path, parameters={"count": 7}, last="6h", out_ipynb=out, progress=steps.append)
    return executed, steps, out, path


def test_the_kernel_is_this_interpreter(ran):
    assert ran[0].cells[3].outputs[0].text.splitlines()[0] == sys.executable


def test_parameters_arrive(ran):
    assert ran[0].cells[3].outputs[0].text.splitlines()[1] == "demo 6h 7"
    assert ran[0].metadata.obslib["parameters"] == {"profile": "demo", "last": "6h", "count": 7}


def test_charts_are_stored_as_data_and_text(ran):
    (output,) = ran[0].cells[4].outputs
    assert set(output.data) == {PLOTLY_MIME, "text/plain"}
    assert output.data["text/plain"].startswith("Three points. 1 series")


def test_no_output_but_the_cells_own_is_stored(ran):
    assert [len(cell.outputs) for cell in ran[0].cells if cell.cell_type == "code"] == [0, 0, 1, 1]


def test_progress_tells_each_code_cell(ran):
    steps = ran[1]
    assert [step.done for step in steps] == [0, 1, 2, 3, 4]
    assert {(step.notebook, step.cells) for step in steps} == {("book", 4)}


def test_the_executed_notebook_is_written_small_and_valid(ran):
    written = nbformat.read(ran[2], as_version=4)
    nbformat.validate(written)
    assert ran[2].stat().st_size < 30_000


def test_the_notebook_itself_is_not_changed(ran):
    assert all(not cell.get("outputs") for cell in nbformat.read(ran[3], as_version=4).cells)


def test_a_failing_cell_names_notebook_cell_source_and_error(tmp_path):
    path = saved(tmp_path, "bad", prose("# T"), code("ok = 1"), code("x = 1\ny = undefined_name"), code("never = 1"))
    steps: list[Step] = []
    with pytest.raises(NotebookError) as caught:
        run_notebook(path, out_ipynb=tmp_path / "out.ipynb", progress=steps.append)
    text = str(caught.value)
    assert "bad.ipynb, cell 3 of 4: NameError: name 'undefined_name' is not defined" in text
    assert "    y = undefined_name" in text
    assert "To fix:" in text
    assert (steps[-1].done, steps[-1].failed) == (1, True)
    assert nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[2].outputs[0].output_type == "error"


def test_a_cell_that_takes_too_long_is_stopped(tmp_path):
    path = saved(tmp_path, "slow", code("import time; time.sleep(600)"))
    with pytest.raises(NotebookError, match=r"slow.ipynb, cell 1 of 1: still running after 1 s"):
        run_notebook(path, cell_timeout=1)


def test_a_kernel_that_dies_is_reported(tmp_path):
    path = saved(tmp_path, "dead", code("import os; os._exit(3)"))
    with pytest.raises(NotebookError, match="the kernel failed: Kernel died"):
        run_notebook(path)


def test_a_run_can_be_killed_from_another_thread(tmp_path):
    execution = prepare(saved(tmp_path, "endless", code("import time\nprint('on')\ntime.sleep(600)")))
    runs = []
    thread = threading.Thread(target=lambda: runs.append(execution.run()))
    thread.start()
    while not getattr(getattr(execution._manager, "provisioner", None), "process", None):
        time.sleep(0.05)
    execution.kill()
    thread.join(timeout=60)
    assert "the kernel failed" in str(runs[0].failure)


def test_a_notebook_runs_from_within_an_event_loop(tmp_path):
    path = saved(tmp_path, "plain", code("1 + 1"))

    async def caller():
        return run_notebook(path)

    assert asyncio.run(caller()).cells[0].outputs[0].data["text/plain"] == "2"


def test_a_missing_parameter_is_told_before_anything_runs(tmp_path):
    with pytest.raises(InputError, match="has no parameter 'profile'"):
        run_notebook(saved(tmp_path, "none", code("1")), profile="demo")


def test_scripts_stored_beside_a_charts_data_are_dropped(tmp_path):
    source = (
        "from IPython.display import display\n"
        f'display({{"{PLOTLY_MIME}": {{"data": [], "layout": {{}}}}, "text/html": "<script>x</script>"}}, raw=True)'
    )
    execution = Execution(tmp_path / "x.ipynb", notebook(code(source)))
    assert set(execution.run().notebook.cells[0].outputs[0].data) == {PLOTLY_MIME}
