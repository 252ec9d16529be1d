"""Tables of notebooks are aligned by what their columns hold."""

from __future__ import annotations

import re

import pandas as pd

from obslib.report.tables import with_aligned_columns


def classes(frame: pd.DataFrame) -> list[list[str]]:
    table = with_aligned_columns(frame.to_html(border=0))
    return [re.findall(r"<t[dh] class=\"(\w+)\"", row) for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL)]


def test_text_goes_left_and_numbers_right_with_their_heads():
    frame = pd.DataFrame({"name": ["web", "api"], "calls": [1_800, 3], "share": [0.5, float("nan")]})
    assert classes(frame) == [["number", "text", "number", "number"]] * 3


def test_a_column_with_some_text_is_text():
    assert classes(pd.DataFrame({"mixed": ["1", "x"]}))[1] == ["number", "text"]


def test_times_and_durations_are_text():
    frame = pd.DataFrame({"at": pd.to_datetime(["2026-11-01"]), "took": pd.to_timedelta(["1s"])})
    assert classes(frame)[1] == ["number", "text", "text"]


def test_spanning_heads_stay_as_they_are():
    columns = pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")])
    head, second, _ = classes(pd.DataFrame([[1, "t"]], columns=columns))
    assert head == []
    assert second == ["number", "number", "text"]


def test_markup_in_cells_counts_as_its_text():
    table = "<table><tbody><tr><td><b>12</b></td><td>&lt;NA&gt;</td><td>4 %</td></tr></tbody></table>"
    assert with_aligned_columns(table).count("number") == 3


def test_an_empty_table_is_left_alone():
    assert with_aligned_columns("<table></table>") == "<table></table>"
