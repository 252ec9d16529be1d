"""Parameters of notebooks."""

from __future__ import annotations

import pytest

from obslib.core.errors import InputError, NotebookError
from obslib.report.parameters import parameters_of, parse_value, read_notebook, with_parameters
from tests.report.support import code, notebook, prose, saved

BOOK = notebook(
    prose("# Title"),
    code('profile = "demo"\nlast: str = "24h"\nobjective = 0.999\nnow = make()', tags=("parameters",)),
    code("other = 1"),
)


def test_parameters_are_the_names_of_the_tagged_cell():
    assert parameters_of(BOOK) == {"profile": "demo", "last": "24h", "objective": 0.999, "now": "make()"}


def test_given_values_are_set_in_a_cell_after_the_defaults():
    changed = with_parameters(BOOK, {"last": "6h", "objective": 0.9}, name="b.ipynb")
    assert changed.cells[2].metadata.tags == ["injected-parameters"]
    assert parameters_of(changed) == parameters_of(BOOK) | {"last": "6h", "objective": 0.9}
    assert len(BOOK.cells) == 3


def test_an_unknown_parameter_names_the_nearest():
    with pytest.raises(InputError, match="no parameter 'objectiv'") as caught:
        with_parameters(BOOK, {"objectiv": 1}, name="b.ipynb")
    assert "did you mean 'objective'?" in str(caught.value)


def test_a_text_with_quotes_and_newlines_arrives_unharmed():
    hostile = "a'b\"c\\n\n__import__('os')"
    assert parameters_of(with_parameters(BOOK, {"profile": hostile}, name="b"))["profile"] == hostile


@pytest.mark.parametrize(
    ("text", "value"),
    {"1": 1, "-2.5": -2.5, "True": True, "None": None, "[1, 'a']": [1, "a"], "6h": "6h", "a b": "a b"}.items(),
)
def test_values_are_literals_or_else_text(text, value):
    assert parse_value(text) == value


@pytest.mark.parametrize(("text", "value"), {"(1, 2)": "(1, 2)", "": "", "'5'": "5", "b'x'": "b'x'"}.items())
def test_values_that_no_notebook_cell_could_hold_stay_text(text, value):
    assert parse_value(text) == value


def test_a_cell_that_is_no_python_has_no_parameters():
    assert parameters_of(notebook(code("a = = 1", tags=("parameters",)))) == {}


def test_a_file_that_is_no_notebook_is_refused(tmp_path):
    (tmp_path / "x.ipynb").write_text("hello")
    with pytest.raises(NotebookError, match="cannot read"):
        read_notebook(tmp_path / "x.ipynb")
    with pytest.raises(NotebookError, match="cannot read"):
        read_notebook(tmp_path / "absent.ipynb")


def test_a_saved_notebook_is_read_back(tmp_path):
    assert read_notebook(saved(tmp_path, "a", prose("# Hi"))).cells[0].source == "# Hi"
