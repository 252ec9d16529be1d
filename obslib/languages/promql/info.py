"""`info()`: add the labels of info metrics such as `target_info` to the series they describe.

Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#info (experimental).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from obslib.core.series import METRIC_NAME, Matcher
from obslib.languages.promql.context import Context, Evaluates
from obslib.languages.promql.relabel import format_labels, merge_equal
from obslib.languages.promql.selecting import latest, shifted_times
from obslib.languages.promql.syntax import Call, Expr, Selector, Subquery, children, unwrap
from obslib.languages.promql.values import Bools, Grid, Ints, LabelKey, Labels, Vector

IDENTIFYING = ("instance", "job")
_DEFAULT = (Matcher(METRIC_NAME, "=", "target_info"),)
_ANY_INFO = Matcher(METRIC_NAME, "=~", ".+_info")


@dataclass(frozen=True)
class _Choice:
    """Which info metrics count (`names`) and which of their labels are taken (`data`; none means all)."""

    names: tuple[Matcher, ...]
    data: tuple[Matcher, ...]

    @classmethod
    def of(cls, node: Call) -> _Choice:
        """From the second argument of the call, which looks like a selector."""
        selector = unwrap(node.args[1]) if len(node.args) > 1 else None
        matchers = selector.matchers if isinstance(selector, Selector) else ()
        names = tuple(one for one in matchers if one.name == METRIC_NAME)
        if names and not any(one.op in {"=", "=~"} for one in names):
            names = (_ANY_INFO, *names)
        return cls(names or _DEFAULT, tuple(one for one in matchers if one.name != METRIC_NAME))

    def is_info(self, labels: Labels) -> bool:
        """Whether a series is itself one of the info metrics."""
        return all(matcher.matches(labels.get(METRIC_NAME, "")) for matcher in self.names)

    def takes(self, name: str) -> bool:
        """Whether this label of an info metric is taken."""
        return name != METRIC_NAME and (not self.data or any(matcher.name == name for matcher in self.data))

    def optional(self) -> bool:
        """Whether series without info metric stay."""
        return all(matcher.matches("") for matcher in self.data)


@dataclass(frozen=True)
class _Infos:
    """Info series: for each info metric and identity, the row that counts at each step, -1 where none does."""

    labels: list[Labels]
    chosen: dict[LabelKey, dict[str, Ints]]


def info(evaluator: Evaluates, node: Call, grid: Grid) -> Vector:
    """Enrich the series of a vector."""
    base = evaluator.vector(node.args[0], grid)
    choice = _Choice.of(node)
    infos = _read(evaluator.ctx, node, choice, grid)
    rows: list[int] = []
    labels: list[Labels] = []
    present = []
    for row, own in enumerate(base.labels):
        chosen = infos.chosen.get(identity(own), {})
        if choice.is_info(own) or not chosen:
            chosen = {}
        alternatives = _alternatives(list(chosen.values()), len(grid))
        for picked, steps in alternatives:
            if picked or choice.is_info(own) or choice.optional():
                rows.append(row)
                labels.append(_enriched(evaluator.ctx, node, choice, own, [infos.labels[place] for place in picked]))
                present.append(base.present[row] & steps)
    if not rows:
        return Vector.empty(len(grid))
    result = Vector(labels, base.values[rows], np.array(present), base.drop_name[rows])
    return merge_equal(evaluator.ctx, result.pruned(), node.start)


def identity(labels: Labels) -> LabelKey:
    """The labels by which a series and its info metrics belong together."""
    return tuple((name, labels[name]) for name in IDENTIFYING if labels.get(name))


def _read(ctx: Context, node: Call, choice: _Choice, grid: Grid) -> _Infos:
    moments = reference_times(ctx, node.args[0], grid)
    start = int(moments.min()) - ctx.lookback + 1
    block = ctx.read((*choice.names, *choice.data), start, int(moments.max()), node.start)
    _, times, present = latest(block, moments, ctx.lookback)
    best: dict[LabelKey, dict[str, tuple[Ints, Ints]]] = defaultdict(dict)
    never = np.full(len(grid), -1, dtype=np.int64)
    for row, labels in enumerate(block.labels):
        own = identity(labels)
        metric = labels.get(METRIC_NAME, "")
        newest, chosen = best[own].get(metric, (never, never))
        mine = np.where(present[row], times[row], -1)
        twice = present[row] & (chosen >= 0) & (mine == newest)
        if own and twice.any():
            moment = int(mine[twice][0])
            other = format_labels(block.labels[int(chosen[twice][0])])
            raise ctx.fail(
                f"found duplicate series for info metric: existing {other} @ {moment}, new {format_labels(labels)} @ "
                f"{moment}",
                node.start,
                "choose one of the info metrics with a second argument.",
            )
        newer = present[row] & ((chosen < 0) | (mine > newest))
        best[own][metric] = (np.where(newer, mine, newest), np.where(newer, row, chosen))
    chosen_only = {
        key: {metric: chosen for metric, (_, chosen) in metrics.items()} for key, metrics in best.items() if key
    }
    return _Infos(list(block.labels), chosen_only)


def reference_times(ctx: Context, node: Expr, grid: Grid) -> Ints:
    """The times at which info metrics count: those the first selector looks at, by all `@` and `offset` above it."""
    times = grid.times
    while True:
        if isinstance(node, Selector | Subquery):
            local = Grid(times, grid.step, grid.query_start, grid.query_end, grid.query_step)
            times = shifted_times(ctx, node.shift, local)
        below = children(node)
        with_series = [child for child in below if child.kind not in {"scalar", "string"}]
        if not with_series:
            return times
        node = with_series[0]


def _alternatives(chosen: list[Ints], steps: int) -> list[tuple[tuple[int, ...], Bools]]:
    """Each distinct choice of info rows (without the -1s), and the steps at which it holds."""
    if not chosen:
        return [((), np.ones(steps, dtype=bool))]
    distinct, which = np.unique(np.array(chosen), axis=1, return_inverse=True)
    places = which.ravel()
    return [
        (tuple(int(row) for row in distinct[:, place] if row >= 0), places == place)
        for place in range(distinct.shape[1])
    ]


def _enriched(ctx: Context, node: Call, choice: _Choice, own: Labels, infos: list[Labels]) -> Labels:
    added: dict[str, str] = {}
    for labels in infos:
        for name, value in labels.items():
            if not choice.takes(name):
                continue
            if added.get(name, value) != value:
                raise ctx.fail(
                    f"conflicting label: {name}", node.start, "choose one info metric or the labels to take."
                )
            if not own.get(name):
                added[name] = value
    return {**own, **added}
