"""Every function of PromQL: argument types, how many are needed, result type.

Source: https://prometheus.io/docs/prometheus/latest/querying/functions/ (3.x).
"""

from __future__ import annotations

from dataclasses import dataclass

from obslib.languages.promql.syntax import MATRIX, SCALAR, STRING, VECTOR


@dataclass(frozen=True)
class Signature:
    """`args` in order, the first `required` of them needed; with `repeat` the last may repeat."""

    args: tuple[str, ...]
    returns: str
    required: int
    repeat: bool = False
    experimental: bool = False


def _signature(
    *args: str, returns: str = VECTOR, optional: int = 0, repeat: bool = False, experimental: bool = False
) -> Signature:
    return Signature(args, returns, len(args) - optional, repeat, experimental)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ELEMENTWISE = _words(
    "abs acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad sgn sin sinh sqrt tan tanh"
)
DATES = _words("day_of_month day_of_week day_of_year days_in_month hour minute month year")
NATIVE = _words("histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar")
OVER_RANGE = _words(
    "absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate "
    "last_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time "
    "sum_over_time"
)
OVER_RANGE_EXPERIMENTAL = _words(
    "mad_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time"
)

FUNCTIONS: dict[str, Signature] = {
    **{name: _signature(VECTOR) for name in (*ELEMENTWISE, *NATIVE, "absent", "sort", "sort_desc", "timestamp")},
    **{name: _signature(VECTOR, optional=1) for name in DATES},
    **{name: _signature(MATRIX) for name in OVER_RANGE},
    **{name: _signature(MATRIX, experimental=True) for name in OVER_RANGE_EXPERIMENTAL},
    "clamp": _signature(VECTOR, SCALAR, SCALAR),
    "clamp_max": _signature(VECTOR, SCALAR),
    "clamp_min": _signature(VECTOR, SCALAR),
    "double_exponential_smoothing": _signature(MATRIX, SCALAR, SCALAR, experimental=True),
    "end": _signature(returns=SCALAR, experimental=True),
    "histogram_fraction": _signature(SCALAR, SCALAR, VECTOR),
    "histogram_quantile": _signature(SCALAR, VECTOR),
    "histogram_quantiles": _signature(VECTOR, STRING, SCALAR, optional=1, repeat=True, experimental=True),
    "info": _signature(VECTOR, VECTOR, optional=1, experimental=True),
    "label_join": _signature(VECTOR, STRING, STRING, STRING, optional=1, repeat=True),
    "label_replace": _signature(VECTOR, STRING, STRING, STRING, STRING),
    "max_of": _signature(SCALAR, SCALAR, returns=SCALAR, experimental=True),
    "min_of": _signature(SCALAR, SCALAR, returns=SCALAR, experimental=True),
    "pi": _signature(returns=SCALAR),
    "predict_linear": _signature(MATRIX, SCALAR),
    "quantile_over_time": _signature(SCALAR, MATRIX),
    "range": _signature(returns=SCALAR, experimental=True),
    "round": _signature(VECTOR, SCALAR, optional=1),
    "scalar": _signature(VECTOR, returns=SCALAR),
    "sort_by_label": _signature(VECTOR, STRING, optional=1, repeat=True, experimental=True),
    "sort_by_label_desc": _signature(VECTOR, STRING, optional=1, repeat=True, experimental=True),
    "start": _signature(returns=SCALAR, experimental=True),
    "start_timestamp": _signature(VECTOR, experimental=True),
    "step": _signature(returns=SCALAR, experimental=True),
    "time": _signature(returns=SCALAR),
    "vector": _signature(SCALAR),
}

AGGREGATIONS = _words("avg bottomk count count_values group limit_ratio limitk max min quantile stddev stdvar sum topk")
PARAMETERS = {
    "bottomk": SCALAR,
    "count_values": STRING,
    "limit_ratio": SCALAR,
    "limitk": SCALAR,
    "quantile": SCALAR,
    "topk": SCALAR,
}
"""Type of the parameter of the aggregations that take one."""
EXPERIMENTAL_AGGREGATIONS = frozenset({"limitk", "limit_ratio"})

TIME_DEPENDENT = frozenset({*DATES, "predict_linear", "time", "timestamp", "info", "start_timestamp"})
"""Functions whose result depends on the evaluation time even if their arguments do not."""
