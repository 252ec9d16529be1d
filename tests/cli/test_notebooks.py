"""The commands run, demo and lab."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from obslib.cli import lab, main
from obslib.cli._progress import Display
from obslib.core.errors import InputError
from obslib.report import packaged
from obslib.report.running import Step
from tests.report.support import code, prose, saved


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Two packaged notebooks of our own, and an empty working directory."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    parameters = code('profile = "demo"\nlast = "24h"\ncount = 1', tags=("parameters",))
    saved(
        folder,
        "00_one",
        prose("# One?\n\nIs it?"),
        parameters,
        code("print(profile, last, count, type(last).__name__)"),
    )
    saved(folder, "01_two", prose("# Two?\n\nIs it?"), code("1 + 1"))
    monkeypatch.setattr(packaged, "notebooks_folder", lambda: folder)
    monkeypatch.setattr("obslib.cli.demo.demo_store_path", lambda **_: tmp_path / "store")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return folder


def test_run_exports_a_packaged_notebook_by_name(shipped, capsys):
    assert main(["run", "00_one", "-p", "count=7", "--profile", "shop", "--last", "6h"]) == 0
    assert capsys.readouterr().out == "wrote exports/00_one.html\n"
    assert "shop 6h 7 str" in Path("exports/00_one.html").read_text(encoding="utf-8")


def test_a_parameter_that_is_text_in_the_notebook_stays_text(shipped):
    assert main(["run", "00_one", "-p", "last=1", "-p", "count=2"]) == 0
    page = Path("exports/00_one.html").read_text(encoding="utf-8")
    assert "demo 1 2 str" in page


def test_run_writes_where_it_is_told_and_keeps_the_notebook(shipped, tmp_path):
    out, book = tmp_path / "a" / "f.html", tmp_path / "b" / "f.ipynb"
    assert main(["run", str(shipped / "01_two.ipynb"), "--out", str(out), "--ipynb", str(book)]) == 0
    assert out.exists()
    assert book.exists()


def test_run_fails_with_the_cell_and_still_writes_the_page(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    saved(tmp_path, "bad", prose("# T"), code("1 / 0"))
    assert main(["run", "bad.ipynb"]) == 1
    said = capsys.readouterr()
    assert "bad.ipynb, cell 2 of 2: ZeroDivisionError" in said.err
    assert "FAILED bad" in said.err
    assert (tmp_path / "exports" / "bad.html").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "00_won"], "did you mean '00_one'?"),
        (["run", "00_one", "-p", "count"], "write -p name=value"),
        (["run", "00_one", "-p", "cuont=1"], "did you mean 'count'?"),
        (["run", "01_two", "--last", "6h"], "has no parameter 'last'"),
    ],
)
def test_run_explains_wrong_arguments(shipped, capsys, arguments, said):
    assert main(arguments) == 1
    assert said in capsys.readouterr().err


def test_demo_runs_all_and_says_where_to_look(shipped, capsys):
    assert main(["demo", "--out", "pages"]) == 0
    said = capsys.readouterr()
    assert "2 of 2 notebooks ran" in said.out
    assert "Open pages/index.html" in said.out
    assert "started 00_one (3 cells)" in said.err


def test_demo_fails_if_a_notebook_fails_and_names_the_cell(shipped, capsys):
    saved(shipped, "02_bad", prose("# Bad?"), code("1 / 0"))
    assert main(["demo"]) == 1
    said = capsys.readouterr()
    assert "2 of 3 notebooks ran" in said.out
    assert "02_bad.ipynb, cell 2 of 2: ZeroDivisionError" in said.err


def test_lab_copies_once_and_never_touches_changed_files(shipped, tmp_path, monkeypatch, capsys):
    started = []
    monkeypatch.setattr("subprocess.call", lambda command: started.append(command) or 0)
    folder = tmp_path / "mine"
    assert main(["lab", str(folder), "--no-browser", "--port", "9999"]) == 0
    assert "copied 2 files" in capsys.readouterr().out
    (folder / "00_one.ipynb").write_text("mine")
    assert main(["lab", str(folder)]) == 0
    assert (folder / "00_one.ipynb").read_text() == "mine"
    assert f"kept your {folder / '00_one.ipynb'}" in capsys.readouterr().out
    assert started[0][:4] == [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1"]
    assert {"--no-browser", "--ServerApp.port=9999"} <= set(started[0])
    assert "--no-browser" not in started[1]


def test_lab_listens_on_loopback_only(tmp_path):
    assert "--ServerApp.ip=127.0.0.1" in lab.lab_command(tmp_path, browser=True, port=None)


def test_lab_starts_for_root_too_as_in_a_container(tmp_path, monkeypatch):
    for user, allowed in ((0, True), (1_000, False)):
        monkeypatch.setattr("os.geteuid", lambda user=user: user)
        assert ("--allow-root" in lab.lab_command(tmp_path, browser=False, port=None)) == allowed


def test_an_installation_without_notebooks_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(packaged.obslib, "__file__", str(tmp_path / "obslib" / "__init__.py"))
    with pytest.raises(InputError, match="has no notebooks"):
        packaged.notebooks_folder()


def test_progress_on_a_terminal_is_one_line_that_is_rewritten():
    stream = io.StringIO()
    stream.isatty = lambda: True
    display = Display(stream, total=2)
    display(Step("a", 0, 3, 0.0))
    display(Step("b", 1, 3, 1.0))
    display(Step("a", 3, 3, 2.0))
    display(Step("b", 1, 3, 2.5, failed=True))
    display.close()
    text = stream.getvalue()
    assert "a 0/3  b 1/3" in text
    assert "ran a (3 of 3 cells, 2.0 s)\n" in text
    assert "FAILED b (1 of 3 cells, 2.5 s)\n" in text
    assert text.endswith("\r\x1b[K")
    assert text.count("\n") == 2
