"""Aggregations that need only a running state per group and step, so that series may come in pieces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from obslib.languages.promql.aggregate import Groups, Rows
from obslib.languages.promql.sums import SCALE, KahanSum, mean
from obslib.languages.promql.values import Bools, Floats, LabelKey, Labels, Vector, label_key

State = dict[str, Floats]
"""Arrays of groups x steps by name."""


class Reduction:
    """A running aggregation of series into groups.

    Parameters
    ----------
    op
        `sum`, `avg`, `min`, `max`, `count`, `group`, `stddev` or `stdvar`.
    names, without
        The labels to group by, or with `without` those to leave out.
    steps
        How many steps each series has.
    """

    def __init__(self, op: str, names: tuple[str, ...], *, without: bool, steps: int) -> None:
        self._op, self._names, self._without, self._steps = op, names, without, steps
        self._places: dict[LabelKey, int] = {}
        self._labels: list[Labels] = []
        self._drop_name = np.zeros(0, dtype=bool)
        self._state: State = {name: np.zeros((0, steps)) for name in (*_STATES[op], "counts")}

    def add(self, vector: Vector) -> None:
        """Take in more series."""
        groups = Groups.of(vector, self._names, without=self._without)
        places = self._places_of(groups)
        self._drop_name[places] |= groups.drop_name
        for target, rows in groups.ranks():
            there = vector.present[rows]
            self._state["counts"][places[target]] += there
            _STEPS[self._op](self._state, places[target], vector.values[rows], there)

    def result(self) -> Vector:
        """The aggregate of all series so far."""
        counts = self._state["counts"]
        return Vector(self._labels, _RESULTS[self._op](self._state), counts > 0, self._drop_name)

    def _places_of(self, groups: Groups) -> Rows:
        known = len(self._labels)
        for labels in groups.labels:
            if self._places.setdefault(label_key(labels), len(self._labels)) == len(self._labels):
                self._labels.append(labels)
        new = len(self._labels) - known
        if new:
            self._drop_name = np.concatenate([self._drop_name, np.zeros(new, dtype=bool)])
            fresh = {name: np.full((new, self._steps), np.nan if name == "best" else 0.0) for name in self._state}
            self._state = {name: np.concatenate([array, fresh[name]]) for name, array in self._state.items()}
        return np.array([self._places[label_key(labels)] for labels in groups.labels], dtype=np.intp)


def _nothing(state: State, target: Rows, values: Floats, there: Bools) -> None:
    del state, target, values, there


def _add(state: State, target: Rows, values: Floats, there: Bools) -> None:
    running = KahanSum(state["total"][target], state["error"][target])
    running.add(values, there)
    state["total"][target], state["error"][target] = running.total, running.error


def _add_twice(state: State, target: Rows, values: Floats, there: Bools) -> None:
    _add(state, target, values, there)
    running = KahanSum(state["scaled total"][target], state["scaled error"][target])
    running.add(values * SCALE, there)
    state["scaled total"][target], state["scaled error"][target] = running.total, running.error


def _extreme(function: np.ufunc) -> Callable[[State, Rows, Floats, Bools], None]:
    def step(state: State, target: Rows, values: Floats, there: Bools) -> None:
        state["best"][target] = function(state["best"][target], np.where(there, values, np.nan))

    return step


def _spread(state: State, target: Rows, values: Floats, there: Bools) -> None:
    """Welford's method, which gives exactly zero for equal values."""
    center = state["center"][target]
    distance = np.where(there, values - center, 0.0)
    center = center + np.where(there, distance / state["counts"][target], 0.0)
    state["center"][target] = center
    state["squares"][target] += np.where(there, distance * (values - center), 0.0)


def _sum(state: State) -> Floats:
    return KahanSum(state["total"], state["error"]).result()


def _average(state: State) -> Floats:
    scaled = KahanSum(state["scaled total"], state["scaled error"])
    return mean(KahanSum(state["total"], state["error"]), scaled, state["counts"])


_SUM = ("total", "error")
_STATES: dict[str, tuple[str, ...]] = {
    "avg": (*_SUM, "scaled total", "scaled error"),
    "count": (),
    "group": (),
    "max": ("best",),
    "min": ("best",),
    "stddev": ("center", "squares"),
    "stdvar": ("center", "squares"),
    "sum": _SUM,
}
_STEPS: dict[str, Callable[[State, Rows, Floats, Bools], None]] = {
    "avg": _add_twice,
    "count": _nothing,
    "group": _nothing,
    "max": _extreme(np.fmax),
    "min": _extreme(np.fmin),
    "stddev": _spread,
    "stdvar": _spread,
    "sum": _add,
}
_RESULTS: dict[str, Callable[[State], Floats]] = {
    "avg": _average,
    "count": lambda state: state["counts"],
    "group": lambda state: np.ones_like(state["counts"]),
    "max": lambda state: state["best"],
    "min": lambda state: state["best"],
    "stddev": lambda state: np.sqrt(state["squares"] / state["counts"]),
    "stdvar": lambda state: state["squares"] / state["counts"],
    "sum": _sum,
}
