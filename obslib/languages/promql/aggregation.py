"""Aggregations of the syntax tree: parameters checked, groups made, the right reduction called."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from obslib.languages.promql import aggregate
from obslib.languages.promql.annotations import beyond, go_number, warn_quantiles
from obslib.languages.promql.context import Evaluates
from obslib.languages.promql.functions import RANGE_FUNCTIONS, apply_range_function
from obslib.languages.promql.reduce import Reduction
from obslib.languages.promql.relabel import SAME_LABELS, drop_names, is_label_name, merge_equal, text_of
from obslib.languages.promql.selecting import select_range_blocks
from obslib.languages.promql.syntax import Aggregation, Call, Expr, Range, unwrap
from obslib.languages.promql.values import Floats, Grid, LabelKey, Labels, Vector, label_key

_LARGEST_K = 2.0**63


def evaluate_aggregation(evaluator: Evaluates, node: Aggregation, grid: Grid) -> Vector:
    """Aggregate a vector."""
    if node.param is None:
        reduction = Reduction(node.op, node.labels, without=node.without, steps=len(grid))
        for piece in _pieces(evaluator, node.expr, grid):
            reduction.add(piece)
        return reduction.result()
    if node.op == "count_values":
        return _count_values(evaluator, node, evaluator.vector(node.expr, grid))
    param = evaluator.scalar(node.param, grid)
    if node.op == "quantile":
        warn_quantiles(evaluator.ctx, np.array(beyond(param, 0.0, 1.0)), unwrap(node.param).start)
    vector = evaluator.vector(node.expr, grid)
    if node.op == "limit_ratio":
        return _limit_ratio(evaluator, node, vector, param)
    groups = aggregate.Groups.of(vector, node.labels, without=node.without)
    if node.op == "quantile":
        return aggregate.quantile(vector, groups, param)
    k = _whole(evaluator, node, param)
    if node.op == "limitk":
        return aggregate.limit(vector, groups, k)
    return aggregate.top(vector, groups, k, largest=node.op == "topk")


def _pieces(evaluator: Evaluates, node: Expr, grid: Grid) -> Iterator[Vector]:
    """The series of a vector, some at a time where each can be had alone: range functions of one metric.

    Their results are then never in memory all at once, nor, if the reader reads in blocks, are their samples.
    """
    call = unwrap(node)
    source = unwrap(call.args[0]) if isinstance(call, Call) and call.function in RANGE_FUNCTIONS else None
    if (
        not isinstance(call, Call)
        or not isinstance(source, Range)
        or not source.selector.name
        or source.selector.shift.at is not None
    ):
        yield evaluator.vector(node, grid)
        return
    ctx, seen = evaluator.ctx, set[LabelKey]()
    for ranges in select_range_blocks(ctx, source, grid):
        vector = apply_range_function(ctx, call, ranges)
        if not ctx.options.delayed_names:
            vector = drop_names(ctx, vector, node.start)
            keys = {label_key(labels) for labels in vector.labels}
            if not seen.isdisjoint(keys):
                raise ctx.fail(SAME_LABELS, node.start, "select one of the metric's types and units.")
            seen |= keys
        yield vector


def _whole(evaluator: Evaluates, node: Aggregation, param: Floats) -> Floats:
    assert node.param is not None  # noqa: S101 - the callers have checked
    if np.isnan(param).any():
        raise evaluator.ctx.fail("Parameter value is NaN", node.param.start, "give a whole number.")
    for value in param[np.abs(param) >= _LARGEST_K]:
        raise evaluator.ctx.fail(
            f"Scalar value {go_number(float(value))} {'overflows' if value > 0 else 'underflows'} int64",
            node.param.start,
            "give a number closer to zero.",
        )
    return np.trunc(param)


def _count_values(evaluator: Evaluates, node: Aggregation, vector: Vector) -> Vector:
    label = text_of(node.param)
    if not is_label_name(label):
        assert node.param is not None  # noqa: S101 - the type rules want a string
        raise evaluator.ctx.fail(f'invalid label name "{label}"', node.param.start, "name the label for the values.")
    # A label to group by that has the name of the value's label is overwritten.
    groups = aggregate.Groups.of(vector, node.labels, without=node.without)
    counted = aggregate.count_values(vector, groups, label)
    return merge_equal(evaluator.ctx, counted, node.start)


def _limit_ratio(evaluator: Evaluates, node: Aggregation, vector: Vector, ratio: Floats) -> Vector:
    assert node.param is not None  # noqa: S101 - the caller has evaluated it
    if np.isnan(ratio).any():
        raise evaluator.ctx.fail("Ratio value is NaN", node.param.start, "give a number between -1 and 1.")
    capped = np.clip(ratio, -1.0, 1.0)
    for value in beyond(ratio, -1.0, 1.0):
        limit = go_number(float(np.clip(value, -1, 1)))
        evaluator.ctx.warn(
            f"ratio value should be between -1 and 1, got {go_number(value)}, capping to {limit}",
            unwrap(node.param).start,
        )
    fractions = np.array([_fraction(labels) for labels in vector.labels], dtype=np.float64)
    return aggregate.limit_ratio(vector, capped, fractions)


def _fraction(labels: Labels) -> float:
    """A number from 0 to below 1 that is always the same for a label set.

    Prometheus' own hash differs between its builds, so which series it picks is not reproducible.
    """
    text = repr(label_key(labels)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=6).digest(), "big") / 2**48
