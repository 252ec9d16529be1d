"""What one evaluation carries along: the query, the reader, the options, the annotations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from obslib.core.errors import QueryError
from obslib.core.series import METRIC_NAME, Matcher, SeriesBlock, SeriesReader
from obslib.languages.promql.faults import evaluation_error, line_and_column
from obslib.languages.promql.syntax import Expr
from obslib.languages.promql.values import Floats, Grid, Labels, Ranges, Vector, label_key


@dataclass(frozen=True)
class Options:
    """Settings of the engine that Prometheus keeps in its configuration.

    Attributes
    ----------
    delayed_names
        Drop metric names when the query is done, not at each operation (feature flag
        `promql-delayed-name-removal`).
    subquery_step
        Step of subqueries that give none, in milliseconds (the global evaluation interval).
    """

    delayed_names: bool = False
    subquery_step: int = 60_000


DEFAULTS = Options()


@runtime_checkable
class SeriesBlockReader(SeriesReader, Protocol):
    """A reader that can hand out its series in pieces, for inputs larger than memory."""

    def read_series_blocks(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterator[SeriesBlock]:
        """Like `read_series`, some whole series at a time; no series comes twice."""
        ...


@dataclass
class Context:
    """State of one query; `lookback` is milliseconds."""

    query: str
    reader: SeriesReader
    lookback: int
    max_samples: int
    options: Options
    instant: bool
    _notes: dict[str, dict[str, int]] = field(default_factory=lambda: {"warning": {}, "info": {}})
    _blocks: dict[tuple[tuple[Matcher, ...], int, int], SeriesBlock] = field(default_factory=dict)

    def warn(self, text: str, position: int) -> None:
        """Add a warning; of those that read the same, the last one's position counts."""
        self._notes["warning"][text] = position

    def inform(self, text: str, position: int) -> None:
        """Add an info; of those that read the same, the last one's position counts."""
        self._notes["info"][text] = position

    def read_blocks(self, matchers: tuple[Matcher, ...], start: int, end: int, position: int) -> Iterator[SeriesBlock]:
        """Like `read`, in pieces if the reader can and the samples are not at hand already."""
        if not isinstance(self.reader, SeriesBlockReader) or (matchers, start, end) in self._blocks:
            yield self.read(matchers, start, end, position)
            return
        for block in self.reader.read_series_blocks(matchers, start, end):
            self.check_size(len(block.times), position)
            yield _sorted(block)

    def notes(self, kind: str) -> tuple[str, ...]:
        """All annotations of a kind (`"warning"` or `"info"`), in Prometheus' words."""
        return tuple(
            f"PromQL {kind}: {text} ({line_and_column(self.query, position)})"
            for text, position in self._notes[kind].items()
        )

    def for_metric(self, labels: Labels) -> str:
        """The end of an annotation that names a metric; Prometheus only knows it with delayed name removal."""
        name = labels.get(METRIC_NAME, "")
        return f' for metric name "{name}"' if name and self.options.delayed_names else ""

    def fail(self, problem: str, position: int, fix: str) -> QueryError:
        """An error of evaluation at this place."""
        return evaluation_error(self.query, position, problem, fix)

    def check_size(self, samples: int, position: int) -> None:
        """Stop where an expression needs more samples than allowed.

        Raises
        ------
        QueryError
            If it does.
        """
        if samples > self.max_samples:
            raise self.fail(
                f"query processing would load too many samples into memory: {samples:,}, the bound is "
                f"{self.max_samples:,}",
                position,
                "narrow the selector or the window, take a longer step, or raise max_samples.",
            )

    def read(self, matchers: tuple[Matcher, ...], start: int, end: int, position: int) -> SeriesBlock:
        """Samples of a selector with `start <= time <= end`, series sorted by labels; each read once."""
        key = (matchers, start, end)
        if key not in self._blocks:
            block = self.reader.read_series(matchers, start, end)
            self.check_size(len(block.times), position)
            self._blocks[key] = _sorted(block)
        return self._blocks[key]


def slice_series(block: SeriesBlock, start: int, stop: int) -> SeriesBlock:
    """The series from `start` to before `stop`, without copying samples."""
    low, high = int(block.offsets[start]), int(block.offsets[stop])
    offsets = block.offsets[start : stop + 1] - low
    return SeriesBlock(block.labels[start:stop], offsets, block.times[low:high], block.values[low:high])


def _sorted(block: SeriesBlock) -> SeriesBlock:
    keys = [label_key(labels) for labels in block.labels]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    if order == list(range(len(keys))):
        return block
    return take_series(block, order)


def take_series(block: SeriesBlock, order: Sequence[int]) -> SeriesBlock:
    """The series of a block at these positions, in this order."""
    rows = np.array(order, dtype=np.intp)
    begins, lengths = block.offsets[rows], np.diff(block.offsets)[rows]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    places = np.arange(offsets[-1]) + np.repeat(begins - offsets[:-1], lengths)
    return SeriesBlock([block.labels[row] for row in order], offsets, block.times[places], block.values[places])


class Evaluates(Protocol):
    """What functions and aggregations ask of the evaluator: the values of their arguments."""

    @property
    def ctx(self) -> Context:
        """The query's context."""
        ...

    def vector(self, node: Expr, grid: Grid) -> Vector:
        """The value of an instant vector expression at every step."""
        ...

    def scalar(self, node: Expr, grid: Grid) -> Floats:
        """The value of a scalar expression at every step."""
        ...

    def ranges(self, node: Expr, grid: Grid) -> Ranges:
        """The samples of a range vector expression."""
        ...
