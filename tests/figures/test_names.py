"""Short names for series."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from obslib.figures.names import names_of, series_text


def test_only_labels_that_differ_are_named():
    names = names_of([{"job": "api", "code": "200", "env": "prod"}, {"job": "api", "code": "500", "env": "prod"}])
    assert names.short == ("200", "500")
    assert names.varying == ("code",)
    assert names.common == {"env": "prod", "job": "api"}


def test_two_labels_that_differ_are_both_named_in_a_fixed_order():
    names = names_of([{"service": "web", "code": "200"}, {"service": "api", "code": "500"}])
    assert names.short == ("200 · web", "500 · api")
    assert names.varying == ("code", "service")


def test_metric_names_come_first():
    assert names_of([{"__name__": "up", "job": "a"}, {"__name__": "down", "job": "b"}]).short == ("up · a", "down · b")


def test_a_missing_label_is_a_dash():
    assert names_of([{"code": "200"}, {}]).short == ("200", "–")


def test_a_crowd_of_labels_is_cut_to_those_that_are_needed():
    labels = [{"pod": f"web-{i}", "node": f"n{i % 2}", "ip": f"10.0.0.{i}", "uid": f"{i:032x}"} for i in range(4)]
    names = names_of(labels)
    assert len(set(names.short)) == 4
    assert "uid" not in names.varying


def test_a_single_series_is_named_by_its_metric_or_its_few_labels():
    assert names_of([{"job": "api", "code": "200"}]).short == ("200 · api",)
    assert names_of([{name: name for name in "abcd"}]).short == ("value",)
    assert names_of([{"__name__": "up", "job": "api", "env": "x"}]).short == ("up",)
    assert names_of([{}]).short == ("value",)
    assert names_of([]).short == ()


def test_over_long_names_lose_their_middle():
    long = "/api/v1/products/{product_id}/price-history/aggregated/by-day"
    (first, second) = names_of([{"path": long + "/1"}, {"path": long + "/2"}], longest=30).short
    assert len(first) == len(second) == 30
    assert first.startswith("/api/v1/")
    assert first.endswith("/1")
    assert "…" in first


def test_names_that_would_become_equal_are_not_cut():
    names = [{"path": "a" * 20 + middle + "z" * 20} for middle in ("1", "2")]
    assert names_of(names, longest=20).short == tuple(one["path"] for one in names)


@settings(deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["job", "pod", "code", "node", "zone"]), st.text(max_size=60)),
        unique_by=lambda one: tuple(sorted((k, v) for k, v in one.items() if v)),
        max_size=8,
    )
)
def test_different_series_never_share_a_full_name(labels):
    names = names_of([{name: value for name, value in one.items() if value} for one in labels])
    assert len(names.short) == len(names.full) == len(labels)
    assert len(set(names.full)) == len(labels)


def test_series_text_is_a_promql_selector():
    assert series_text({"__name__": "up", "job": "a", "code": "2"}) == 'up{job="a", code="2"}'
    assert series_text({"__name__": "up"}) == "up"
    assert series_text({}) == "value"
