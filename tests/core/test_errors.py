"""Errors say what is wrong, where and what to do, and survive the way between processes."""

from __future__ import annotations

import builtins
import copy
import inspect
import pickle

import pytest

from obslib.core import errors
from obslib.core.errors import (
    AuthError,
    InputError,
    MissingDependencyError,
    NotebookError,
    ObslibError,
    PartialResultError,
    QueryError,
    RateLimitError,
    SchemaError,
    SourceError,
    StoreError,
    UnsupportedError,
    nearest,
)

EVERY_KIND = [
    ObslibError("odd", fix="look"),
    InputError("odd", fix="look"),
    SchemaError("LOGS", ["one", "two"], fix="look"),
    StoreError("odd", fix="look"),
    NotebookError("odd", fix="look"),
    MissingDependencyError("luqum", extra="elastic"),
    SourceError("odd", fix="look"),
    AuthError("odd", fix="look"),
    QueryError("odd", query="rate(x{)", position=7, fix="look"),
    RateLimitError("odd", fix="look"),
    errors.TimeoutError("odd", fix="look"),
    PartialResultError("odd", fix="look"),
    UnsupportedError("odd", fix="look"),
]


def test_list_above_has_every_kind():
    defined = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__}
    assert defined == {type(error) for error in EVERY_KIND}


@pytest.mark.parametrize("error", EVERY_KIND, ids=lambda error: type(error).__name__)
def test_every_kind_shows_its_problem_then_its_fix(error):
    problem, _, fix = str(error).rpartition("\nTo fix: ")
    assert problem == error.problem
    assert fix == error.fix


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301
@pytest.mark.parametrize("error", EVERY_KIND, ids=lambda error: type(error).__name__)
def test_every_kind_survives_copies_and_pickles(error, again):
    error.add_note("seen in cell 3")
    twin = again(error)
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert vars(twin) == vars(error)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (InputError, ValueError),
        (SchemaError, ValueError),
        (QueryError, ValueError),
        (StoreError, OSError),
        (NotebookError, RuntimeError),
        (MissingDependencyError, ImportError),
        (errors.TimeoutError, builtins.TimeoutError),
    ],
)
def test_kinds_are_caught_as_what_python_calls_them(kind, builtin):
    assert issubclass(kind, builtin)
    assert issubclass(kind, ObslibError)


@pytest.mark.parametrize("kind", [InputError, StoreError, AuthError, errors.TimeoutError])
def test_nobody_can_leave_out_the_fix(kind):
    with pytest.raises(TypeError, match="fix"):
        kind("odd")


def test_all_faults_of_a_table_are_listed():
    error = SchemaError("SPANS", ["column 'start' is missing", "column 'kind' is int64"], fix="build it.")
    assert error.faults == ("column 'start' is missing", "column 'kind' is int64")
    assert str(error) == (
        "not a valid SPANS table:\n  - column 'start' is missing\n  - column 'kind' is int64\nTo fix: build it."
    )


def test_missing_package_comes_with_its_install_command():
    assert MissingDependencyError("luqum", extra="elastic").fix == "pip install 'obslib[elastic]'"


def shown(query, position):
    return QueryError("odd", query=query, position=position, fix="look").problem


def test_caret_stands_under_the_offending_character():
    assert shown("rate(x{)", 7) == "odd\n    rate(x{)\n           ^"


def test_of_a_long_query_only_the_line_with_the_fault_is_shown():
    query = "sum by (job) (\n  rate(x{)\n)"
    assert shown(query, query.index("{)") + 1) == "odd\n      rate(x{)\n             ^"


def test_caret_on_the_first_character_of_a_line():
    assert shown("a +\nb", 4) == "odd\n    b\n    ^"


def test_caret_on_the_line_break_belongs_to_the_line_before():
    assert shown("a +\nb", 3) == "odd\n    a +\n       ^"


def test_caret_lines_up_below_tabs():
    assert shown("\tx{)", 3) == "odd\n    \tx{)\n    \t  ^"


def test_windows_line_ends_do_not_reach_the_terminal():
    assert shown("a +\r\nb", 0) == "odd\n    a +\n    ^"


@pytest.mark.parametrize(("position", "column"), [(99, 3), (3, 3), (-5, 0)])
def test_positions_outside_the_query_point_at_its_ends(position, column):
    assert shown("up{", position) == "odd\n    up{\n    " + " " * column + "^"


def test_without_a_position_the_whole_query_is_shown_indented():
    assert shown("a +\nb", None) == "odd\n    a +\n    b"


def test_without_a_query_there_is_only_the_problem():
    assert shown("", 3) == "odd"


def test_closest_name_is_offered():
    assert nearest("chekout", {"checkout": 1, "web": 2}) == "did you mean 'checkout'?"


def test_without_a_close_name_all_are_listed_sorted():
    assert nearest("zzz", ["web", "checkout"]) == "known: checkout, web."


def test_long_lists_are_cut_and_say_so():
    text = nearest("zzz", [f"service_{number:02}" for number in range(30)])
    assert text.count("service_") == 20
    assert text.endswith(", ....")


def test_nothing_known_is_said_as_such():
    assert nearest("a", []) == "there are none yet."
