"""Raw samples of many series as flat arrays: what stores hand to query languages and analyses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from obslib.core.errors import InputError

STALE_NAN_BITS = 0x7FF0000000000002
"""Prometheus' stale marker: the series ended here (value/value.go in prometheus/prometheus)."""
STALE_NAN = float(np.array(STALE_NAN_BITS, dtype=np.uint64).view(np.float64))
METRIC_NAME = "__name__"


def is_stale(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which values are stale markers (an ordinary NaN is not)."""
    return np.asarray(np.ascontiguousarray(values).view(np.uint64) == STALE_NAN_BITS)


@dataclass(frozen=True)
class Matcher:
    """One label matcher, as in `{job="api"}`; `op` is `=`, `!=`, `=~` or `!~` (patterns match whole).

    A missing label counts as `""`, as in Prometheus.
    """

    name: str
    op: str
    value: str

    def __post_init__(self) -> None:
        if self.op not in {"=", "!=", "=~", "!~"}:
            raise InputError(f"unknown matcher operator {self.op!r}.", fix="use =, !=, =~ or !~.")
        if self.op in {"=~", "!~"}:
            self.pattern()

    def pattern(self) -> re.Pattern[str]:
        """The compiled regular expression of `=~` and `!~`."""
        try:
            return re.compile(self.value, re.DOTALL)
        except re.error as error:
            raise InputError(
                f"{self.value!r} is not a regular expression: {error}.",
                fix="escape special characters, or use = for plain text.",
            ) from error

    def matches(self, value: str) -> bool:
        """Whether a label's value satisfies this matcher."""
        if self.op in {"=", "!="}:
            return (value == self.value) == (self.op == "=")
        return (self.pattern().fullmatch(value) is not None) == (self.op == "=~")


@dataclass(frozen=True)
class SeriesBlock:
    """Samples of `k` series in flat arrays; series `i` owns the slice `offsets[i]:offsets[i + 1]`.

    `times` are epoch milliseconds, strictly increasing within a series; `values` keep stale
    markers. `labels` include `__name__`.
    """

    labels: Sequence[Mapping[str, str]]
    offsets: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


class SeriesReader(Protocol):
    """Anything that can hand out raw samples: the embedded store, a test's arrays."""

    def read_series(self, matchers: Sequence[Matcher], start: int, end: int) -> SeriesBlock:
        """Samples of every matching series with `start <= time <= end` (epoch ms), series in any order."""
        ...
