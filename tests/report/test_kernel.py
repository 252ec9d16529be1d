"""Kernels are this interpreter, and none is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from obslib.report.kernel import kernel_environment
from obslib.report.running import run_notebook
from tests.report.support import code, prose, saved


def test_kernels_store_charts_as_data_whatever_the_user_has_set(monkeypatch):
    monkeypatch.setenv("PLOTLY_RENDERER", "notebook")
    environment = kernel_environment({"OBSLIB_FIGURES": "text"})
    assert environment["PLOTLY_RENDERER"] == "plotly_mimetype"
    assert environment["OBSLIB_FIGURES"] == "text"
    assert environment["PATH"] == os.environ["PATH"]


def test_a_broken_kernelspec_on_the_machine_does_not_matter(tmp_path, monkeypatch):
    spec = tmp_path / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        json.dumps({"argv": ["/nowhere/python"], "display_name": "x", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    executed = run_notebook(saved(tmp_path, "book", code("import sys; sys.executable")))
    assert executed.cells[0].outputs[0].data["text/plain"] == repr(sys.executable)


def alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes through /proc")
def test_ctrl_c_ends_the_command_and_its_kernel(tmp_path):
    source = "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(600)"
    saved(tmp_path, "endless", prose("# T"), code(source))
    command = [sys.executable, "-m", "obslib", "run", "endless.ipynb"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    pid_file = tmp_path / "pid"
    while not (pid_file.exists() and pid_file.read_text()):
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert said.endswith("obslib: interrupted.\n")
    assert not alive(int(pid_file.read_text()))
