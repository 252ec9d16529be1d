"""Several notebooks at once, and the index of their pages."""

from __future__ import annotations

import re

import pytest

from obslib.core.errors import InputError
from obslib.report.batch import run_all, warnings_of
from obslib.report.index import Entry, thumbnail_of, write_index
from obslib.report.prose import first_question
from tests.figures.support import metric
from tests.report.support import chart, code, notebook, printed, prose, saved

CHART = """from IPython.display import display
display({"application/vnd.plotly.v1+json": {"data": [{"type": "scatter", "y": [1, 3, 2]}], "layout": {}}}, raw=True)"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Three notebooks, one of which fails in its second code cell."""
    folder = tmp_path_factory.mktemp("all")
    parameters = code('profile = "other"', tags=("parameters",))
    paths = [
        saved(
            folder, "00_good", prose("# Is it good?\n\nYes, *very*."), parameters, code(CHART), code("print(profile)")
        ),
        saved(folder, "01_bad", prose("# Is it bad?\n\nIt is."), code("print('before')"), code("1 / 0"), code("2")),
        saved(folder, "02_warns", prose("# T"), code("import warnings; warnings.warn('so so')")),
    ]
    steps = []
    outcomes = run_all(
        paths, folder / "out", parameters={"profile": "demo"}, title="All <of> them", progress=steps.append
    )
    return outcomes, folder / "out", steps


def test_a_failure_stops_neither_the_others_nor_its_own_page(ran):
    outcomes, folder, _ = ran
    assert [bool(outcome.failure) for outcome in outcomes] == [False, True, False]
    assert sorted(page.name for page in folder.iterdir()) == [
        "00_good.html",
        "01_bad.html",
        "02_warns.html",
        "index.html",
    ]
    page = (folder / "01_bad.html").read_text(encoding="utf-8")
    assert "01_bad.ipynb, cell 3 of 4: ZeroDivisionError: division by zero" in page
    assert "before" in page


def test_parameters_reach_the_notebooks_that_have_them(ran):
    assert "demo\n" in (ran[1] / "00_good.html").read_text(encoding="utf-8")


def test_the_index_shows_title_question_picture_time_warnings_and_failures(ran):
    index = (ran[1] / "index.html").read_text(encoding="utf-8")
    assert "<h1>All &lt;of&gt; them</h1>" in index
    assert '<a href="00_good.html">Is it good?</a></h2><p>Yes, very.</p>' in index
    assert index.count("<polyline") == 1
    assert "ZeroDivisionError" in index
    assert "1 failed" in index
    assert "UserWarning: so so" in index
    assert index.index("Is it bad?") < index.index("Is it good?")
    assert "<script" not in index


def test_every_notebook_tells_its_progress(ran):
    assert {step.notebook for step in ran[2]} == {"00_good", "01_bad", "02_warns"}
    assert sum(step.failed for step in ran[2]) == 1


def test_an_output_that_cannot_be_exported_fails_its_notebook_and_leaves_no_old_page(tmp_path):
    path = saved(tmp_path, "js", prose("# T"), code("from IPython.display import Javascript\nJavascript('1')"))
    (tmp_path / "js.html").write_text("old")
    (outcome,) = run_all([path], tmp_path)
    assert outcome.page is None
    assert "application/javascript" in str(outcome.failure)
    assert not (tmp_path / "js.html").exists()
    assert "cannot be exported" in (tmp_path / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("names", "jobs", "said"), [(("a", "a"), 1, "name 'a'"), (("index",), 1, "'index'"), (("a",), 0, "jobs")]
)
def test_wrong_requests_are_refused_before_anything_runs(tmp_path, names, jobs, said):
    with pytest.raises(InputError, match=said):
        run_all([f"{name}.ipynb" for name in names], tmp_path / "out", jobs=jobs)


def test_warnings_come_from_cells_and_from_backends():
    from obslib.figures.timeseries import plot_timeseries

    figure = plot_timeseries(metric([[1.0]], warnings=("one shard did not answer",))).to_plotly_json()
    book = notebook(code("x", printed("/a.py:3: FutureWarning: soon\n  x\n", "stderr"), chart(figure), chart(figure)))
    assert warnings_of(book) == ("FutureWarning: soon", "one shard did not answer")


def test_a_thumbnail_has_gaps_and_stays_small():
    from obslib.figures.timeseries import plot_timeseries
    from tests.figures.support import waves

    book = notebook(code("x", chart(plot_timeseries(waves(2, 20_000)).to_plotly_json())))
    picture = thumbnail_of(book)
    assert picture.count("<polyline") == 4
    assert len(picture) < 12_000
    numbers = [float(number) for number in re.findall(r"[\d.]+(?=[ \"])", picture.split("points=", 1)[1])]
    assert max(numbers) <= 96
    assert thumbnail_of(notebook(code("x"))) == ""


def test_hostile_titles_are_text_in_the_index(tmp_path):
    entry = Entry("<script>alert(1)</script>", '"><img>', 'a"b.html', 75.0, ["<w>"], failure="<f>")
    index = write_index([entry], tmp_path / "index.html", title="T").read_text(encoding="utf-8")
    assert "<script>" not in index
    assert "<img>" not in index
    assert "1 min 15 s" in index
    assert first_question(notebook()) == ""
