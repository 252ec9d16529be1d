import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obslib.core.errors import QueryError
from tests.languages.promql.support import NAN, ask, at, labelled, named, over


def fleet(*values):
    return labelled(*(named("x", [value], i=str(place)) for place, value in enumerate(values)))


def test_topk_orders_from_the_largest_and_puts_nan_last():
    assert list(at(fleet(2.0, NAN, 3.0, 1.0), "topk(3, x)").values()) == [3.0, 2.0, 1.0]
    assert next(iter(at(fleet(2.0, NAN), "bottomk(2, x)"))) == 'x{i="0"}'


def test_topk_works_in_each_group_with_a_k_of_each_step():
    reader = labelled(
        named("x", [1, 9], job="a", i="1"),
        named("x", [2, 8], job="a", i="2"),
        named("x", [3, 7], job="b"),
        named("k", [1, 2]),
    )
    assert over(reader, "topk by (job) (scalar(k), x)", 1) == {
        'x{i="1",job="a"}': [None, 9.0],
        'x{i="2",job="a"}': [2.0, 8.0],
        'x{job="b"}': [3.0, 7.0],
    }


def test_no_topk_without_a_number():
    with pytest.raises(QueryError, match="Parameter value is NaN"):
        at(fleet(1.0), "topk(NaN, x)")
    with pytest.raises(QueryError, match="overflows int64"):
        at(fleet(1.0), "topk(1e30, x)")
    with pytest.raises(QueryError, match="-Inf underflows int64"):
        at(fleet(1.0), "bottomk(-Inf, x)")
    assert at(fleet(1.0), "topk(-1, x)") == {}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12), st.floats(0, 1))
def test_quantiles_are_numpys_linear_ones(values, q):
    assert at(fleet(*values), f"quantile({q}, x)")[""] == pytest.approx(np.quantile(values, q), rel=1e-9, abs=1e-6)


def test_quantiles_skip_absent_series():
    reader = labelled(named("x", [1, 1], i="1"), named("x", [3, None], i="2"))
    assert over(reader, "quantile(0.5, last_over_time(x[1m]))", 1) == {"": [2.0, 1.0]}


def test_count_values_writes_numbers_without_exponents():
    counted = at(fleet(1e21, 1e21, 0.5, NAN, math.inf), 'count_values("v", x)')
    assert counted == {
        '{v="1000000000000000000000"}': 2.0,
        '{v="0.5"}': 1.0,
        '{v="NaN"}': 1.0,
        '{v="+Inf"}': 1.0,
    }


def test_count_values_needs_a_label():
    with pytest.raises(QueryError, match="invalid label name"):
        at(fleet(1.0), 'count_values("", x)')


def test_limitk_keeps_the_first_of_each_group():
    assert len(at(fleet(1.0, 2.0, 3.0), "limitk(2, x)")) == 2


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 1))
def test_a_ratio_and_its_complement_part_the_series(ratio):
    reader = fleet(*range(20))
    kept = at(reader, f"limit_ratio({ratio}, x)")
    rest = at(reader, f"limit_ratio({ratio - 1 or -1e-12}, x)")
    assert kept.keys().isdisjoint(rest)
    assert len(kept) + len(rest) == 20


def test_a_ratio_beyond_one_is_capped_with_a_warning():
    result = ask(fleet(1.0), "limit_ratio(-1.5, x)", 0)
    assert result.warnings == (
        "PromQL warning: ratio value should be between -1 and 1, got -1.5, capping to -1 (1:13)",
    )
    assert len(result.labels) == 1
