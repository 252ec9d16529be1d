"""Function calls of the syntax tree: arguments evaluated, the right function called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from obslib.core.series import METRIC_NAME, Matcher
from obslib.languages.promql import histograms, over_time, rates, relabel
from obslib.languages.promql.annotations import warn_quantiles
from obslib.languages.promql.context import Context, Evaluates
from obslib.languages.promql.elementwise import UNARY, date_part, larger, round_to, smaller
from obslib.languages.promql.extended import extended_function, extended_ranges
from obslib.languages.promql.faults import unsupported
from obslib.languages.promql.info import info
from obslib.languages.promql.selecting import select_instant
from obslib.languages.promql.signatures import DATES, NATIVE
from obslib.languages.promql.syntax import Call, Expr, Range, Selector, unwrap
from obslib.languages.promql.values import Bools, Floats, Grid, Labels, Ranges, Vector, Windows

RANGE_FUNCTIONS: dict[str, Callable[[Windows], tuple[Floats, Bools]]] = {
    "avg_over_time": over_time.avg_over_time,
    "changes": rates.changes,
    "count_over_time": over_time.count_over_time,
    "delta": rates.delta,
    "deriv": rates.deriv,
    "first_over_time": over_time.first_over_time,
    "idelta": rates.idelta,
    "increase": rates.increase,
    "irate": rates.irate,
    "last_over_time": over_time.last_over_time,
    "mad_over_time": over_time.mad_over_time,
    "max_over_time": over_time.max_over_time,
    "min_over_time": over_time.min_over_time,
    "present_over_time": over_time.present_over_time,
    "rate": rates.rate,
    "resets": rates.resets,
    "stddev_over_time": over_time.stddev_over_time,
    "stdvar_over_time": over_time.stdvar_over_time,
    "sum_over_time": over_time.sum_over_time,
    "ts_of_first_over_time": over_time.ts_of_first_over_time,
    "ts_of_last_over_time": over_time.ts_of_last_over_time,
    "ts_of_max_over_time": over_time.ts_of_max_over_time,
    "ts_of_min_over_time": over_time.ts_of_min_over_time,
}
_KEEP_NAME = frozenset({"first_over_time", "last_over_time"})
_COUNTER_SUFFIXES = ("_total", "_sum", "_count", "_bucket")


def call_vector(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    """The value of a call that gives an instant vector."""
    name = node.function
    if name in RANGE_FUNCTIONS:
        return apply_range_function(evaluator.ctx, node, evaluator.ranges(node.args[0], grid))
    if name in UNARY:
        return _mapped(evaluator, node, grid, UNARY[name])
    if name in DATES:
        return _date(evaluator, node, grid)
    if name in NATIVE:
        # Float series have no native histograms to take these of: Prometheus gives nothing, too.
        evaluator.vector(node.args[0], grid)
        return Vector.empty(len(grid))
    if name in _VECTOR_FUNCTIONS:
        return _VECTOR_FUNCTIONS[name](evaluator, node, grid)
    raise unsupported(evaluator.ctx.query, node.start, f"{name}() is", "leave it out.")


def call_scalar(evaluator: Evaluates, node: Call, grid: Grid) -> Floats:
    """The value of a call that gives a scalar."""
    if node.function in _CONSTANTS:
        return np.full(len(grid), _CONSTANTS[node.function](grid))
    if node.function == "time":
        return grid.times / 1_000
    if node.function == "scalar":
        return _scalar_of(evaluator.vector(node.args[0], grid))
    first, second = (evaluator.scalar(arg, grid) for arg in node.args)
    return smaller(first, second) if node.function == "min_of" else larger(first, second)


_CONSTANTS: dict[str, Callable[[Grid], float]] = {
    "end": lambda grid: grid.query_end / 1_000,
    "pi": lambda _: np.pi,
    "range": lambda grid: (grid.query_end - grid.query_start) / 1_000,
    "start": lambda grid: grid.query_start / 1_000,
    "step": lambda grid: grid.query_step / 1_000,
}
"""Scalars that are the same at every step of a query."""


def _scalar_of(vector: Vector) -> Floats:
    counts = vector.present.sum(axis=0)
    only = np.where(vector.present, vector.values, 0.0).sum(axis=0)
    return np.where(counts == 1, only, np.nan)


def apply_range_function(ctx: Context, node: Call, ranges: Ranges) -> Vector:
    """The value of a call of one of `RANGE_FUNCTIONS` for these series."""
    source = unwrap(node.args[0])
    if isinstance(source, Range) and source.selector.extension:
        extended = extended_ranges(ranges, source.selector.extension, ctx.lookback)
        result = extended.map(extended_function(node.function, source.selector.extension))
    else:
        result = ranges.map(RANGE_FUNCTIONS[node.function], keeps_name=node.function in _KEEP_NAME)
    if node.function in {"rate", "increase"}:
        _doubt_counters(ctx, node, result)
    return relabel.merge_equal(ctx, result, node.start)


def _doubt_counters(ctx: Context, node: Call, result: Vector) -> None:
    """Tell of metrics whose name does not promise a counter."""
    for name in sorted({labels.get(METRIC_NAME, "") for labels in result.labels}):
        if name and not name.endswith(_COUNTER_SUFFIXES):
            ctx.inform(
                f'metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "{name}"',
                unwrap(node.args[0]).start,
            )


def _windowed(
    evaluator: Evaluates,
    node: Call,
    ranges: Ranges,
    function: Callable[[Windows], tuple[Floats, Bools]],
) -> Vector:
    return relabel.merge_equal(evaluator.ctx, ranges.map(function), node.start)


def _quantile_over_time(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    q = evaluator.scalar(node.args[0], grid)
    ranges = evaluator.ranges(node.args[1], grid)
    result = _windowed(evaluator, node, ranges, lambda windows: over_time.quantile_over_time(windows, q))
    warn_quantiles(evaluator.ctx, q[result.present.any(axis=0)], unwrap(node.args[0]).start)
    return result


def _predict_linear(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    ahead = evaluator.scalar(node.args[1], grid)
    ranges = evaluator.ranges(node.args[0], grid)
    return _windowed(evaluator, node, ranges, lambda windows: rates.predict_linear(windows, ahead))


def _smoothing(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    factors = []
    for place, what, short in ((1, "smoothing", "sf"), (2, "trend", "tf")):
        factor = evaluator.scalar(node.args[place], grid)
        if ((factor <= 0) | (factor >= 1)).any():
            raise evaluator.ctx.fail(
                f"invalid {what} factor. Expected: 0 < {short} < 1, got: {factor[(factor <= 0) | (factor >= 1)][0]:f}",
                node.args[place].start,
                "give a factor between 0 and 1.",
            )
        factors.append(factor)
    ranges = evaluator.ranges(node.args[0], grid)
    return _windowed(evaluator, node, ranges, lambda windows: over_time.double_exponential_smoothing(windows, *factors))


def _mapped(evaluator: Evaluates, node: Call, grid: Grid, function: Callable[[Floats], Floats]) -> Vector:
    vector = evaluator.vector(node.args[0], grid)
    return _changed(evaluator, node, vector, function(vector.values))


def _changed(evaluator: Evaluates, node: Call, vector: Vector, values: Floats) -> Vector:
    """The series with new values, which are no longer what the name says."""
    result = replace(vector.dropping_names(), values=values)
    return relabel.merge_equal(evaluator.ctx, result, node.start)


def _date(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    if not node.args:
        return Vector.single(date_part(node.function, grid.times / 1_000))
    return _mapped(evaluator, node, grid, lambda values: date_part(node.function, values))


def _round(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    vector = evaluator.vector(node.args[0], grid)
    nearest = evaluator.scalar(node.args[1], grid) if len(node.args) > 1 else np.ones(len(grid))
    return _changed(evaluator, node, vector, round_to(vector.values, nearest))


def _clamp(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    vector = evaluator.vector(node.args[0], grid)
    bounds = [evaluator.scalar(arg, grid) for arg in node.args[1:]]
    low = bounds[0] if node.function != "clamp_max" else np.full(len(grid), -np.inf)
    high = bounds[-1] if node.function != "clamp_min" else np.full(len(grid), np.inf)
    possible = replace(vector, present=vector.present & ~(high < low)).pruned()
    return _changed(evaluator, node, possible, larger(low, smaller(high, possible.values)))


def _vector(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    return Vector.single(evaluator.scalar(node.args[0], grid))


def _timestamp(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    inner = unwrap(node.args[0])
    if isinstance(inner, Selector) and not inner.extension:
        vector, times = select_instant(evaluator.ctx, inner, grid)
        result = replace(vector.dropping_names(), values=times / 1_000)
        return relabel.merge_equal(evaluator.ctx, result, node.start)
    return _mapped(evaluator, node, grid, lambda values: np.broadcast_to(grid.times / 1_000, values.shape).copy())


def _absent(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    return _absence(node.args[0], evaluator.vector(node.args[0], grid))


def _absent_over_time(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    found = evaluator.ranges(node.args[0], grid).map(over_time.present_over_time)
    return _absence(node.args[0], found)


def _absence(node: Expr, found: Vector) -> Vector:
    """One series of ones where nothing is found, with the labels that equality matchers imply."""
    absent: Bools = np.asarray(~found.present.any(axis=0, keepdims=True))
    inner = unwrap(node)
    selector = inner.selector if isinstance(inner, Range) else inner
    labels = implied_labels(selector.matchers) if isinstance(selector, Selector) else {}
    return Vector([labels], np.ones(absent.shape), absent, np.zeros(1, dtype=bool)).pruned()


def implied_labels(matchers: tuple[Matcher, ...]) -> Labels:
    """Labels that matchers fix: those with exactly one matcher, an equality."""
    names = [matcher.name for matcher in matchers]
    return {
        matcher.name: matcher.value
        for matcher in matchers
        if matcher.op == "=" and matcher.value and matcher.name != METRIC_NAME and names.count(matcher.name) == 1
    }


def _sort(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    vector = evaluator.vector(node.args[0], grid)
    if len(grid) > 1:
        evaluator.ctx.warn(
            "sort is ineffective for range queries since results are always ordered by labels", node.start
        )
        return vector
    descending = node.function.endswith("_desc")
    if node.function.startswith("sort_by_label"):
        names = [relabel.text_of(arg) for arg in node.args[1:]]
        return relabel.sort_by_labels(vector, names, descending=descending)
    return relabel.sort_by_value(vector, descending=descending)


def _label_replace(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    return relabel.label_replace(evaluator.ctx, node, evaluator.vector(node.args[0], grid))


def _label_join(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    return relabel.label_join(evaluator.ctx, node, evaluator.vector(node.args[0], grid))


def _histogram_quantile(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    q = evaluator.scalar(node.args[0], grid)
    warn_quantiles(evaluator.ctx, q, unwrap(node.args[0]).start)
    vector = evaluator.vector(node.args[1], grid)
    found = histograms.histograms_of(evaluator.ctx, vector, unwrap(node.args[1]).start)
    result = _quantiles_of(evaluator, vector, found, q, node.args[1])
    return relabel.merge_equal(evaluator.ctx, result, node.start)


def _histogram_quantiles(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    vector = evaluator.vector(node.args[0], grid)
    label = relabel.text_of(node.args[1])
    if not relabel.is_label_name(label):
        raise evaluator.ctx.fail(f'invalid label name "{label}"', node.args[1].start, "name the quantiles' label.")
    found = histograms.histograms_of(evaluator.ctx, vector, unwrap(node.args[0]).start)
    parts = []
    for arg in node.args[2:]:
        q = evaluator.scalar(arg, grid)
        warn_quantiles(evaluator.ctx, q, unwrap(arg).start)
        one = _quantiles_of(evaluator, vector, found, q, node.args[0])
        labels = [{**labels, label: float_label(float(q[0]))} for labels in one.labels]
        parts.append(replace(one, labels=labels))
    return relabel.merge_equal(evaluator.ctx, _concatenated(parts, len(grid)), node.start)


def float_label(value: float) -> str:
    """A number as a label value: always with a decimal point, as OpenMetrics writes it."""
    text = repr(value)
    return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}.get(text, text)


def _concatenated(parts: list[Vector], steps: int) -> Vector:
    if not parts:
        return Vector.empty(steps)
    return Vector(
        [labels for part in parts for labels in part.labels],
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.present for part in parts]),
        np.concatenate([part.drop_name for part in parts]),
    )


def _quantiles_of(
    evaluator: Evaluates, vector: Vector, found: list[histograms.Histogram], q: Floats, source: Expr
) -> Vector:
    shape = (len(found), vector.values.shape[1])
    values, present = np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    for row, histogram in enumerate(found):
        for buckets in histograms.buckets_of(vector, histogram):
            steps = buckets.steps
            values[row, steps], forced = histograms.quantile(buckets, q[steps])
            present[row, steps] = True
            if forced:
                _tell_forced(evaluator, histogram.labels, unwrap(source).start)
    labels = [histogram.labels for histogram in found]
    return Vector(labels, values, present, np.ones(len(found), dtype=bool))


def _tell_forced(evaluator: Evaluates, labels: Labels, position: int) -> None:
    evaluator.ctx.inform(
        "input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/"
        "latest/querying/functions/#histogram_quantile)" + evaluator.ctx.for_metric(labels),
        position,
    )


def _histogram_fraction(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    lower, upper = evaluator.scalar(node.args[0], grid), evaluator.scalar(node.args[1], grid)
    vector = evaluator.vector(node.args[2], grid)
    found = histograms.histograms_of(evaluator.ctx, vector, unwrap(node.args[2]).start)
    shape = (len(found), len(grid))
    values, present = np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    for row, histogram in enumerate(found):
        for buckets in histograms.buckets_of(vector, histogram):
            steps = buckets.steps
            values[row, steps] = histograms.fraction(buckets, lower[steps], upper[steps])
            present[row, steps] = True
    labels = [histogram.labels for histogram in found]
    result = Vector(labels, values, present, np.ones(len(found), dtype=bool))
    return relabel.merge_equal(evaluator.ctx, result, node.start)


_VECTOR_FUNCTIONS: dict[str, Callable[[Evaluates, Call, Grid], Vector]] = {
    "absent": _absent,
    "absent_over_time": _absent_over_time,
    "clamp": _clamp,
    "clamp_max": _clamp,
    "clamp_min": _clamp,
    "double_exponential_smoothing": _smoothing,
    "histogram_fraction": _histogram_fraction,
    "histogram_quantile": _histogram_quantile,
    "histogram_quantiles": _histogram_quantiles,
    "info": info,
    "label_join": _label_join,
    "label_replace": _label_replace,
    "predict_linear": _predict_linear,
    "quantile_over_time": _quantile_over_time,
    "round": _round,
    "sort": _sort,
    "sort_by_label": _sort,
    "sort_by_label_desc": _sort,
    "sort_desc": _sort,
    "timestamp": _timestamp,
    "vector": _vector,
}
