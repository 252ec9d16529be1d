"""Runs the cases of `.test` files against the embedded PromQL evaluator and says how each ended."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from obslib.core.errors import ObslibError, QueryError, UnsupportedError
from obslib.core.series import METRIC_NAME, Matcher, SeriesBlock
from obslib.languages.promql import MemorySeries, Options, Result, parse, query_instant, query_range
from obslib.languages.promql.signatures import EXPERIMENTAL_AGGREGATIONS, FUNCTIONS, NATIVE
from obslib.languages.promql.syntax import (
    TRIMS,
    Aggregation,
    Binary,
    Call,
    Expr,
    Number,
    Range,
    Selector,
    Subquery,
    walk,
)
from obslib.testing.promqltest import Case, Clear, Labels, Load, Point, parse_millis, parse_script

Status = Literal["passed", "failed", "not supported"]
Slice = Literal["core", "experimental", "histograms"]
_TOLERANCE = 1e-6
_MINUTE = 60_000
_OPTIONS = Options(delayed_names=True)


@dataclass(frozen=True)
class Outcome:
    """How one case ended; `slice` is which part of the language it needs."""

    case: Case
    status: Status
    slice: Slice
    reason: str = ""


class LoadedSeries:
    """A `SeriesReader` over what `load` commands have loaded.

    Native histograms and start timestamps are remembered, so that a query which would need them is refused.
    """

    def __init__(self) -> None:
        self._points: dict[Labels, dict[int, float]] = {}
        self._histograms: dict[Labels, set[int]] = {}
        self._start_times: set[Labels] = set()
        self._series: MemorySeries | None = None

    def load(self, load: Load) -> None:
        """Add the series of a `load` command."""
        self._series = None
        for labels, points in load.series.items():
            self._add(labels, points, load.step)
            if load.custom_buckets:
                self._histograms.setdefault(_native_twin(labels), set()).update(
                    place * load.step for place, point in enumerate(points) if point is not None
                )
        self._start_times |= load.start_times

    def _add(self, labels: Labels, points: list[Point], step: int) -> None:
        for place, point in enumerate(points):
            if isinstance(point, str):
                self._histograms.setdefault(labels, set()).add(place * step)
            elif point is not None:
                self._points.setdefault(labels, {})[place * step] = point

    def read_series(self, matchers: Sequence[Matcher], start: int, end: int) -> SeriesBlock:
        """Samples of matching series; refuses histograms."""
        for labels, times in self._histograms.items():
            if _accepts(matchers, labels) and any(start <= time <= end for time in times):
                raise UnsupportedError("native histograms are not supported.", fix="query float series.")
        if any(_accepts(matchers, labels) for labels in self._start_times):
            raise UnsupportedError("start timestamps are not supported.", fix="query series without them.")
        if self._series is None:
            self._series = MemorySeries.of(
                [
                    (dict(labels), sorted(points), [points[t] for t in sorted(points)])
                    for labels, points in self._points.items()
                ]
            )
        return self._series.read_series(matchers, start, end)

    def has_histograms(self, matchers: Sequence[Matcher]) -> bool:
        """Whether a selector meets native histograms at any time."""
        return any(_accepts(matchers, labels) for labels in self._histograms)

    def has_extras(self, matchers: Sequence[Matcher]) -> bool:
        """Whether a selector meets start timestamps, or type and unit labels."""
        typed = (labels for labels in self._points if {"__type__", "__unit__"} & dict(labels).keys())
        return any(_accepts(matchers, labels) for labels in (*self._start_times, *typed))


def _native_twin(labels: Labels) -> Labels:
    """The native histogram that `load_with_nhcb` makes of a classic one's series."""
    rest = {name: value for name, value in labels if name != "le"}
    for suffix in ("_bucket", "_count", "_sum"):
        rest[METRIC_NAME] = rest[METRIC_NAME].removesuffix(suffix)
    return tuple(sorted(rest.items()))


def _accepts(matchers: Sequence[Matcher], labels: Labels) -> bool:
    named = dict(labels)
    return all(matcher.matches(named.get(matcher.name, "")) for matcher in matchers)


def run_script(text: str) -> list[Outcome]:
    """Run every case of a `.test` file, each over the series loaded so far."""
    series = LoadedSeries()
    outcomes = []
    for step in parse_script(text):
        match step:
            case Clear():
                series = LoadedSeries()
            case Load():
                series.load(step)
            case Case():
                outcomes.append(run_case(step, series))
    return outcomes


def run_case(case: Case, series: LoadedSeries) -> Outcome:
    """Run one case."""
    part = slice_of(case, series)
    try:
        faults = _faults(case, series)
    except UnsupportedError as error:
        return Outcome(case, "not supported", part, error.problem.splitlines()[0])
    return Outcome(case, "failed" if faults else "passed", part, faults)


def _faults(case: Case, series: LoadedSeries) -> str:
    try:
        result = _query(case, series)
    except UnsupportedError:
        raise
    except QueryError as error:
        return _error_fault(case, error)
    except ObslibError as error:
        return f"unexpected {type(error).__name__}: {error.problem}"
    if case.expects("fail"):
        return "should have failed"
    return _annotation_fault(case, result) or _result_fault(case, result) or _as_range_fault(case, series, result)


def _query(case: Case, series: LoadedSeries) -> Result:
    if case.instant:
        return query_instant(case.query, series, at=case.start, options=_OPTIONS)
    return query_range(case.query, series, start=case.start, end=case.end, step=case.step, options=_OPTIONS)


def _error_fault(case: Case, error: QueryError) -> str:
    wanted = case.expects("fail")
    if not wanted:
        return f"unexpected error: {error.problem.splitlines()[0]}"
    unmet = [one for one in wanted if not _reads(one.match, one.text, error.problem)]
    return f"error reads {error.problem.splitlines()[0]!r}, not {unmet[0].text!r}" if unmet else ""


def _reads(match: str, text: str, actual: str) -> bool:
    if match == "regex":
        return re.search(text, actual) is not None
    return not text or text in actual


def _annotation_fault(case: Case, result: Result) -> str:
    for kind, found in (("warn", result.warnings), ("info", result.infos)):
        if case.expects(f"no_{kind}") and found:
            return f"unexpected {kind}: {found[0]}"
        for one in case.expects(kind):
            exact = one.match == "msg" and one.text not in found
            if not found or exact or not any(_reads(one.match, one.text, text) for text in found):
                return f"missing {kind} {one.text!r}, got {list(found)}"
    return ""


def _result_fault(case: Case, result: Result) -> str:
    if text := case.expects("string"):
        return "" if result.text == text[0].text else f"got {result.text!r}"
    if case.scalar is not None:
        right = result.kind == "scalar" and _same(case.scalar, float(result.values[0, 0]))
        return "" if right else f"expected scalar {case.scalar}, got {result.values.tolist()}"
    if span := case.expects("range vector"):
        return _matrix_fault(case, result, span[0].text)
    return _series_fault(case, result)


def _series_fault(case: Case, result: Result) -> str:
    got = {tuple(sorted(labels.items())): column for column, labels in enumerate(result.labels)}
    if len(got) != len(result.labels):
        return f"equal label sets in the result: {result.labels}"
    expected = {labels: points for labels, points in case.series if any(point is not None for point in points)}
    if got.keys() != expected.keys():
        extra, missing = sorted(got.keys() - expected.keys()), sorted(expected.keys() - got.keys())
        return f"unexpected series {extra}, missing {missing}"
    if case.expects("ordered") and list(got) != list(expected):
        return f"wrong order: {result.labels}"
    for labels, points in expected.items():
        actual = [
            float(value) if there else None
            for value, there in zip(result.values[:, got[labels]], result.present[:, got[labels]], strict=True)
        ]
        wanted = [*points, *[None] * (len(actual) - len(points))]
        if len(wanted) != len(actual) or not all(_same(a, b) for a, b in zip(wanted, actual, strict=True)):
            return f"{dict(labels)}: expected {points}, got {actual}"
    return ""


def _matrix_fault(case: Case, result: Result, span: str) -> str:
    found = re.fullmatch(r"from (\S+) to (\S+) step (\S+)", span)
    if not found:
        return f"cannot read the expected range {span!r}"
    start, end, step = (parse_millis(text, case.line) for text in found.groups())
    grid = list(range(start, end + 1, step))
    for time in result.times.tolist():
        if time not in grid:
            return f"unexpected sample at {time} ms"
    places = [grid.index(time) for time in result.times.tolist()]
    values = np.full((len(grid), len(result.labels)), np.nan)
    present = np.zeros(values.shape, dtype=bool)
    values[places], present[places] = result.values, result.present
    widened = Result(result.labels, np.array(grid, dtype=np.int64), values, present, "matrix")
    return _series_fault(case, widened)


def _as_range_fault(case: Case, series: LoadedSeries, result: Result) -> str:
    """An instant query must give the same as a range query around it, at its middle."""
    if not case.instant or result.kind != "vector" or re.search(r"\b(start|end|range|step)\(\)", case.query):
        return ""
    wide = query_range(
        case.query,
        series,
        start=case.start - _MINUTE,
        end=case.start + _MINUTE,
        step=_MINUTE,
        options=_OPTIONS,
    )
    here = wide.present[1]
    middle = Result(
        [labels for labels, there in zip(wide.labels, here, strict=True) if there],
        result.times,
        wide.values[1:2, here],
        wide.present[1:2, here],
        "vector",
    )
    plain = Case(case.line, case.query, case.instant, case.start, case.end, case.step, (), case.series)
    fault = _series_fault(plain, middle)
    return f"as a range query: {fault}" if fault else ""


def _same(expected: Point, actual: float | None) -> bool:
    if expected is None or actual is None or isinstance(expected, str):
        return expected is actual
    if math.isnan(expected) or math.isnan(actual):
        return math.isnan(expected) and math.isnan(actual)
    return expected == actual or math.isclose(expected, actual, rel_tol=_TOLERANCE, abs_tol=0.0)


def slice_of(case: Case, series: LoadedSeries) -> Slice:
    """Which part of the language a case needs: stable on floats, experimental on floats, native histograms."""
    expected = any(isinstance(point, str) for _, points in case.series for point in points)
    try:
        nodes = list(walk(parse(case.query)))
    except QueryError:
        nodes = []
    selectors = [node for node in nodes if isinstance(node, Selector)]
    if expected or any(series.has_histograms(node.matchers) for node in selectors) or any(map(_is_native, nodes)):
        return "histograms"
    extras = any(series.has_extras(node.matchers) for node in selectors)
    text = re.search(r"\b(anchored|smoothed)\b", case.query) is not None
    return "experimental" if extras or text or any(map(_is_experimental, nodes)) else "core"


def _is_native(node: Expr) -> bool:
    return (isinstance(node, Call) and node.function in NATIVE) or (isinstance(node, Binary) and node.op in TRIMS)


def _is_experimental(node: Expr) -> bool:
    found = False
    match node:
        case Call():
            found = FUNCTIONS[node.function].experimental
        case Aggregation():
            found = node.op in EXPERIMENTAL_AGGREGATIONS
        case Binary():
            found = node.matching.fill_left is not None or node.matching.fill_right is not None
        case Selector():
            found = bool(node.extension) or not isinstance(node.shift.offset, Number | None)
        case Range():
            found = not isinstance(node.length, Number)
        case Subquery():
            found = not all(isinstance(one, Number | None) for one in (node.length, node.step, node.shift.offset))
    return found
