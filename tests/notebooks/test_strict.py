"""The shipped notebooks give exactly the outputs that are stored in them (nbval, strict)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from obslib.figures.display import ENVIRONMENT
from obslib.workspace.embedded import demo_store_path
from tests.notebooks.refresh import FOLDER

SANITIZE = Path(__file__).with_name("sanitize.cfg")
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture(scope="module")
def demo_store() -> Path:
    """Built before a notebook runs, which else would print that it is being built."""
    return demo_store_path()


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_reproduces_its_stored_outputs(path, demo_store):
    done = validated(path)
    assert done.returncode == 0, done.stdout[-6_000:]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_as_it_ran(path):
    """nbval compares nothing in cells that were stored without having run."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    unrun = [cell.source.splitlines()[0] for cell in cells if cell.execution_count is None]
    assert not unrun, f"run: python -m tests.notebooks.refresh {path.name}"
    assert "vnd.plotly" not in path.read_text(encoding="utf-8"), "charts are stored as text; refresh it"


def test_a_changed_output_is_noticed(tmp_path):
    from tests.notebooks.refresh import refresh
    from tests.report.support import code, prose, saved

    chart = (
        "import obslib, pandas as pd\nfrom obslib.figures.timeseries import plot_timeseries\n"
        'times = pd.date_range("2026-11-01", periods=2, freq="1min")\n'
        'plot_timeseries(obslib.metric_frame(times, [[1], [HIGH]], [{"a": "b"}]), title="T")'
    )
    path = saved(tmp_path, "figures", prose("# T"), code(chart.replace("HIGH", "2")))
    assert refresh(path)
    assert not refresh(path)
    text = path.read_text(encoding="utf-8")
    assert "Peak: b 2 at 00:01." in text
    assert "vnd.plotly" not in text
    assert validated(path).returncode == 0
    path.write_text(text.replace("[2]]", "[3]]"), encoding="utf-8")
    failed = validated(path)
    assert failed.returncode == 1
    assert "Peak: b 3" in failed.stdout


def validated(path: Path) -> subprocess.CompletedProcess[str]:
    """Run nbval on one notebook, as a test run of its own."""
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "-p", "no:cacheprovider", "-q", "--nbval"]
    command += ["--nbval-current-env", "--nbval-sanitize-with", str(SANITIZE), str(path)]
    environment = {**os.environ, ENVIRONMENT: "text", "PLOTLY_RENDERER": "plotly_mimetype", "COLUMNS": "80"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
