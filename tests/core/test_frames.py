"""The four tables keep their contract, at the edges too, and nothing that is given to them is changed."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from obslib.core.errors import InputError, SchemaError
from obslib.core.frames import (
    EVENTS,
    LOGS,
    SEVERITIES,
    SPANS,
    concat_metrics,
    label_index,
    labels_of,
    metric_frame,
    rename,
    select,
    tidy,
)
from obslib.testing.strategies import LABEL_NAMES, events, label_sets, logs, metric_frames, spans

MINUTES = pd.date_range("2026-11-01", periods=3, freq="1min", tz="UTC")
TABLES = [LOGS, SPANS, EVENTS]


def unique_label_sets(max_size=6):
    return st.lists(label_sets(), max_size=max_size, unique_by=lambda one: tuple(sorted(one.items())))


@pytest.fixture
def shop():
    """Three series; `zone` is missing at the last."""
    labels = [{"job": "api", "zone": "a"}, {"job": "api", "zone": "b"}, {"job": "web"}]
    return metric_frame(MINUTES, [[1, 2, 3], [4, 5, np.nan], [7, 8, 9]], labels)


# ---- metric frames


def test_columns_are_the_labels_and_a_missing_one_is_empty(shop):
    assert shop.columns.names == ["job", "zone"]
    assert shop.columns.to_list() == [("api", "a"), ("api", "b"), ("web", "")]
    np.testing.assert_array_equal(shop["web", ""], [3, np.nan, 9])


def test_index_is_utc_nanoseconds_called_time(shop):
    assert shop.index.name == "time"
    assert str(shop.index.dtype) == "datetime64[ns, UTC]"
    assert (shop.dtypes == np.float64).all()


def test_one_label_is_a_plain_index_of_its_name():
    frame = metric_frame(MINUTES, np.ones((3, 2)), [{"job": "a"}, {"job": "b"}])
    assert type(frame.columns) is pd.Index
    assert frame.columns.name == "job"
    assert frame["b"].tolist() == [1, 1, 1]


def test_no_label_is_a_plain_nameless_index():
    frame = metric_frame(MINUTES, np.ones((3, 1)), [{}])
    assert frame.columns.names == [None]
    assert labels_of(frame) == [{}]


@pytest.mark.parametrize("values", [[], np.empty((3, 0))])
def test_no_series_keeps_the_times(values):
    frame = metric_frame(MINUTES, values, [])
    assert frame.shape == (3, 0)
    assert frame.index.equals(MINUTES)
    assert labels_of(frame) == []


@pytest.mark.parametrize("values", [[], np.empty((0, 2))])
def test_no_step_keeps_the_series(values):
    frame = metric_frame(pd.DatetimeIndex([]), values, [{"job": "a"}, {"job": "b", "zone": "c"}])
    assert frame.shape == (0, 2)
    assert (frame.dtypes == np.float64).all()
    assert labels_of(frame) == [{"job": "a"}, {"job": "b", "zone": "c"}]
    assert str(frame.index.dtype) == "datetime64[ns, UTC]"


@pytest.mark.parametrize(
    "time",
    [
        MINUTES,
        MINUTES.tz_localize(None),
        MINUTES.tz_convert("Asia/Tokyo"),
        MINUTES.as_unit("s"),
        MINUTES.tz_localize(None).to_numpy(),
        MINUTES.tz_localize(None).as_unit("ms").to_numpy(),
        list(MINUTES),
    ],
)
def test_times_in_any_zone_and_unit_become_the_same_index(time):
    assert metric_frame(time, np.ones((3, 1)), [{}]).index.equals(MINUTES)


@pytest.mark.parametrize(
    ("time", "fault"),
    [
        (MINUTES[[1, 0, 2]], "times are not sorted"),
        (MINUTES[[0, 0, 1]], "times repeat"),
        (pd.DatetimeIndex([MINUTES[0], pd.NaT, MINUTES[2]]), "times are missing"),
    ],
)
def test_wrong_times_are_refused(time, fault):
    with pytest.raises(SchemaError) as caught:
        metric_frame(time, np.ones((3, 1)), [{}])
    assert caught.value.faults == (fault,)


def test_all_faults_are_told_at_once():
    with pytest.raises(SchemaError) as caught:
        metric_frame(MINUTES[[1, 0, 0]], np.ones((2, 1)), [{}])
    assert caught.value.faults == (
        "values are (2, 1), but there are 3 times and 1 label sets",
        "times are not sorted",
        "times repeat",
    )


@pytest.mark.parametrize("values", [np.ones(3), np.ones((1, 3)), np.ones((3, 2)), [], 5])
def test_values_of_another_shape_are_refused(values):
    with pytest.raises(SchemaError, match="there are 3 times and 1 label sets"):
        metric_frame(MINUTES, values, [{"job": "a"}])


@pytest.mark.parametrize("labels", [[{}, {}], [{"job": "a"}] * 2, [{"job": "a", "zone": ""}, {"job": "a"}]])
def test_two_series_of_the_same_labels_are_refused(labels):
    with pytest.raises(SchemaError, match="two series have the same labels"):
        metric_frame(MINUTES, np.ones((3, 2)), labels)


def test_changing_the_frame_leaves_the_array_alone():
    values = np.ones((3, 1))
    frame = metric_frame(MINUTES, values, [{"job": "a"}])
    frame.iloc[0, 0] = 99.0
    assert values[0, 0] == 1.0
    values[1, 0] = 98.0
    assert frame.iloc[1, 0] == 1.0


def test_unknown_is_nan_and_never_zero():
    frame = metric_frame(MINUTES, [[None], [np.nan], [0]], [{}])
    assert frame.isna().to_numpy().ravel().tolist() == [True, True, False]


@given(unique_label_sets())
def test_labels_come_back(labels):
    frame = metric_frame(MINUTES, np.ones((3, len(labels))), labels)
    assert labels_of(frame) == labels
    assert len(label_index(labels)) == len(labels)
    names = sorted({name for one in labels for name in one})
    assert [name for name in frame.columns.names if name] == names


@pytest.mark.parametrize("labels", [[{"job": "a"}, {"job": "b"}], [{"job": "a", "zone": "x"}, {"job": "b"}]])
def test_there_are_no_object_columns(labels):
    columns = label_index(labels)
    dtypes = [level.dtype for level in columns.levels] if isinstance(columns, pd.MultiIndex) else [columns.dtype]
    assert object not in dtypes


# ---- the long form


def test_tidy_orders_by_series_then_time(shop):
    long = tidy(shop)
    assert long.columns.tolist() == ["time", "job", "zone", "value"]
    assert long["job"].tolist() == ["api"] * 6 + ["web"] * 3
    assert long["value"].tolist()[:6] == [1, 4, 7, 2, 5, 8]
    assert {str(long[name].dtype) for name in ("job", "zone")} == {"category"}


def test_tidy_keeps_gaps_unless_told(shop):
    assert tidy(shop)["value"].isna().sum() == 1
    assert len(tidy(shop, dropna=True)) == 8
    assert tidy(shop, dropna=True).index.tolist() == list(range(8))


@given(metric_frames(infinite=True))
def test_tidy_holds_every_sample(frame):
    long = tidy(frame)
    assert len(long) == frame.size
    assert long["value"].dtype == np.float64
    assert str(long["time"].dtype) == "datetime64[ns, UTC]"
    back = long["value"].to_numpy().reshape(frame.shape[::-1]).T
    np.testing.assert_array_equal(back, frame.to_numpy())


@pytest.mark.parametrize("name", ["time", "value"])
def test_tidy_refuses_to_hide_a_label_behind_its_own_columns(name):
    frame = metric_frame(MINUTES, np.ones((3, 1)), [{name: "x", "job": "a"}])
    with pytest.raises(InputError, match=f"label '{name}'"):
        tidy(frame)
    assert len(tidy(rename(frame, {name: f"label_{name}"}))) == 3


# ---- select and rename


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"job": "api"}, [("api", "a"), ("api", "b")]),
        ({"job": ["web", "nobody"]}, [("web", "")]),
        ({"zone": re.compile("a|b")}, [("api", "a"), ("api", "b")]),
        ({"job": re.compile("ap")}, []),
        ({"job": "api", "zone": "b"}, [("api", "b")]),
        ({"zone": ""}, [("web", "")]),
        ({"job": ()}, []),
        ({}, [("api", "a"), ("api", "b"), ("web", "")]),
    ],
)
def test_select_by_text_by_list_and_by_pattern(shop, wanted, found):
    chosen = select(shop, wanted)
    assert chosen.columns.to_list() == found
    assert chosen.columns.names == ["job", "zone"]
    assert chosen.index.equals(shop.index)


def test_select_offers_the_nearest_label(shop):
    with pytest.raises(InputError, match="did you mean 'zone'"):
        select(shop, {"zon": "a"})


def test_select_of_one_label():
    frame = metric_frame(MINUTES, np.ones((3, 2)), [{"job": "a"}, {"job": "b"}])
    assert select(frame, {"job": "b"}).columns.equals(pd.Index(["b"], name="job"))


def test_rename_keeps_values_and_sorts_the_names(shop):
    renamed = rename(shop, {"job": "zz_job"})
    assert labels_of(renamed)[0] == {"zz_job": "api", "zone": "a"}
    assert renamed.columns.names == ["zone", "zz_job"]
    np.testing.assert_array_equal(renamed.to_numpy(), shop.to_numpy())


def test_rename_can_swap(shop):
    assert labels_of(rename(shop, {"job": "zone", "zone": "job"}))[0] == {"zone": "api", "job": "a"}


def test_rename_refuses_to_lose_a_label(shop):
    with pytest.raises(InputError, match="two labels would be called 'zone'"):
        rename(shop, {"job": "zone"})


def test_rename_offers_the_nearest_label(shop):
    with pytest.raises(InputError, match="did you mean 'job'"):
        rename(shop, {"jop": "x"})


@given(metric_frames())
def test_rename_there_and_back_is_the_same_frame(frame):
    there = {name: f"{name}_x" for name in frame.columns.names if name}
    back = {new: old for old, new in there.items()}
    assert_frame_equal(rename(rename(frame, there), back), frame)


def test_rename_keeps_the_label_names_of_a_frame_without_series(shop):
    nothing = select(shop, {"job": "nobody"})
    assert rename(nothing, {"job": "service"}).columns.names == ["service", "zone"]


@pytest.mark.parametrize("change", [lambda f: select(f, {"job": "a"}), lambda f: rename(f, {"job": "service"})])
def test_frame_without_series_is_selected_and_renamed_as_it_is(change):
    nothing = metric_frame(MINUTES, np.empty((len(MINUTES), 0)), [])
    nothing.attrs["origin"] = "test"
    assert_frame_equal(change(nothing), nothing)
    assert change(nothing).attrs == nothing.attrs


@pytest.mark.parametrize(
    ("table", "faults"),
    [
        (pd.Series([1.0]), ["it is a Series, not a DataFrame"]),
        (pd.DataFrame({"a": [1.0]}), ["the index holds int64, not times"]),
        (pd.DataFrame({"a": [1.0]}, index=pd.DatetimeIndex(["2026-11-01"])), ["the times of the index have no zone"]),
        (
            pd.DataFrame({"a": [1.0], "b": ["x"]}),
            ["holds int64", "columns are not named after labels", "column 'b' is str, not a number"],
        ),
    ],
)
def test_tidy_of_what_is_no_metric_frame_names_every_fault(table, faults):
    with pytest.raises(SchemaError, match="metric frame") as caught:
        tidy(table)
    assert all(fault in str(caught.value) for fault in faults)
    assert "obslib.metric_frame(" in caught.value.fix


# ---- concatenation


def test_concat_takes_the_union_of_labels_and_times(shop):
    other = metric_frame(MINUTES[1:] + pd.Timedelta("1min"), [[1], [2]], [{"node": "n1"}])
    both = concat_metrics([shop, other])
    assert both.shape == (4, 4)
    assert both.columns.names == ["job", "node", "zone"]
    assert labels_of(both)[3] == {"node": "n1"}
    assert both.iloc[:2, 3].isna().all()
    assert both.iloc[2:, 3].tolist() == [1, 2]


def test_concat_joins_a_series_over_time(shop):
    assert_frame_equal(concat_metrics([shop.iloc[2:], shop.iloc[:2]]), shop)


def test_concat_fills_gaps_from_the_other_frame(shop):
    mended = shop.fillna(6.0)
    assert_frame_equal(concat_metrics([shop, mended]), mended)
    assert_frame_equal(concat_metrics([mended, shop]), mended)


def test_concat_refuses_two_truths(shop):
    with pytest.raises(SchemaError, match="8 points of the same series"):
        concat_metrics([shop, shop + 1])


def test_concat_of_nothing_is_an_empty_metric_frame():
    nothing = concat_metrics([])
    assert nothing.shape == (0, 0)
    assert str(nothing.index.dtype) == "datetime64[ns, UTC]"


@given(metric_frames(max_series=3, max_steps=6), metric_frames(max_series=3, max_steps=6))
def test_concat_holds_every_series_and_time_of_both(left, right):
    left, right = left.add(0.0), right.add(0.0)
    right.columns = label_index([{**one, "side": "right"} for one in labels_of(right)])
    both = concat_metrics([left, right])
    assert labels_of(both) == [*labels_of(left), *labels_of(right)]
    assert both.index.equals(left.index.union(right.index))
    np.testing.assert_array_equal(both.reindex(left.index).to_numpy()[:, : left.shape[1]], left.to_numpy())


@given(metric_frames())
def test_concat_of_a_frame_with_itself_is_the_frame(frame):
    assert_frame_equal(concat_metrics([frame, frame]), frame, check_column_type=False, check_freq=False)


@pytest.mark.parametrize(
    "change",
    [
        tidy,
        lambda frame: tidy(frame, dropna=True),
        lambda frame: select(frame, {"job": "api"}),
        lambda frame: rename(frame, {"job": "service"}),
        lambda frame: concat_metrics([frame, rename(frame, {"job": "service"})]),
    ],
)
def test_no_function_changes_its_input_or_hands_out_its_memory(shop, change):
    shop.attrs = {"obslib": {"query": "up"}}
    before = shop.copy(deep=True)
    result = change(shop)
    result.iloc[:, -1] = -1.0
    assert_frame_equal(shop, before)
    assert shop.attrs == {"obslib": {"query": "up"}}
    assert shop.columns.names == before.columns.names


@pytest.mark.parametrize("change", [tidy, lambda frame: select(frame, {}), lambda frame: rename(frame, {})])
def test_provenance_comes_along(shop, change):
    shop.attrs = {"obslib": {"query": "up"}}
    assert change(shop).attrs == shop.attrs


# ---- LOGS, SPANS, EVENTS


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_empty_tables_keep_columns_and_dtypes(table):
    empty = table.empty()
    assert empty.columns.tolist() == list(table.columns)
    assert len(empty) == 0
    table.check(empty)
    full = table.build({next(iter(table.columns)): [None]})
    assert {name: type(dtype) for name, dtype in full.dtypes.items()} == {
        name: type(dtype) for name, dtype in empty.dtypes.items()
    }


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_absent_columns_are_all_missing(table):
    built = table.build({"x": [1, 2]})
    table.check(built)
    assert built[list(table.columns)].isna().all(axis=None)
    assert built["x"].tolist() == [1, 2]


def test_building_twice_changes_nothing():
    once = LOGS.build({"time": MINUTES, "severity": ["INFO", None, "ERROR"], "host": ["a", "a", "a"]})
    assert_frame_equal(LOGS.build(once), once)


@given(
    st.one_of(logs().map(lambda f: (LOGS, f)), spans().map(lambda f: (SPANS, f)), events().map(lambda f: (EVENTS, f)))
)
def test_tables_are_fixed_points_of_build(pair):
    table, frame = pair
    assert_frame_equal(table.build(frame), frame)


def test_fixed_columns_come_first_then_attributes_in_their_order():
    built = LOGS.build({"zeta": [1], "body": ["x"], "alpha": [2], "time": ["2026-11-01T00:00Z"]})
    assert built.columns.tolist() == [*LOGS.columns, "zeta", "alpha"]


def test_times_of_other_zones_and_units_become_utc_nanoseconds():
    built = LOGS.build({"time": MINUTES.tz_convert("Asia/Tokyo").as_unit("ms")})
    assert built["time"].tolist() == MINUTES.tolist()
    assert LOGS.build({"time": MINUTES.tz_localize(None)})["time"].tolist() == MINUTES.tolist()


def test_severities_are_ordered_and_unknown_ones_come_first():
    built = LOGS.build({"severity": ["ERROR", "notice", None, "WARN"]})
    severity = built["severity"]
    assert (severity >= "WARN").tolist() == [True, False, False, True]
    assert severity.cat.categories.tolist() == ["notice", *SEVERITIES]
    assert severity.isna().tolist() == [False, False, True, False]


def test_missing_text_stays_missing():
    built = LOGS.build({"body": ["a", None, np.nan], "trace_id": pd.Series([np.nan] * 3)})
    assert built["body"].isna().tolist() == [False, True, True]
    assert built["trace_id"].isna().all()


def test_strings_that_repeat_become_categories_and_others_stay():
    built = LOGS.build({"time": [None] * 5, "host": list("aabba"), "url": list("vwxyz"), "size": [1.0] * 5})
    assert str(built["host"].dtype) == "category"
    assert str(built["url"].dtype) == "str"
    assert built["size"].dtype == np.float64


def test_lists_among_the_attributes_are_kept():
    built = LOGS.build({"time": [None, None], "tags": [["a", "b"], ["a", "b"]]})
    assert built["tags"].tolist() == [["a", "b"], ["a", "b"]]


def test_strings_of_an_object_column_are_recognised():
    built = LOGS.build({"host": pd.Series(["a"] * 3, dtype=object)})
    assert str(built["host"].dtype) == "category"


def test_build_leaves_its_input_alone():
    given_frame = pd.DataFrame({"time": MINUTES.tz_localize(None), "severity": ["INFO"] * 3}, index=[7, 8, 9])
    before = given_frame.copy(deep=True)
    built = LOGS.build(given_frame)
    built.loc[0, "time"] = pd.NaT
    assert_frame_equal(given_frame, before)
    assert built.index.tolist() == [0, 1, 2]


def test_check_tells_every_fault_at_once():
    wrong = LOGS.build({"time": MINUTES}).drop(columns="span_id").assign(service="a", time=1.0)
    wrong = wrong.rename(columns={"body": "bodi"})
    with pytest.raises(SchemaError) as caught:
        LOGS.check(wrong)
    faults = "\n".join(caught.value.faults)
    assert len(caught.value.faults) == 4
    assert "column 'body' is missing (did you mean 'bodi'?)" in faults
    assert "column 'span_id' is missing" in faults
    assert "column 'time' is float64, not datetime64[ns, UTC]" in faults
    assert "column 'service' is str, not category" in faults
    assert caught.value.fix == "build it with obslib.LOGS.build(...)."


def test_check_returns_the_very_frame():
    frame = SPANS.empty()
    assert SPANS.check(frame) is frame


def test_label_names_of_the_strategies_are_sorted_like_columns():
    assert sorted(LABEL_NAMES) == list(LABEL_NAMES)
