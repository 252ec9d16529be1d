"""The demo's time: it ends at a fixed moment, so that every notebook shows the same thing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

NOW = pd.Timestamp("2026-11-02T12:00:00Z").as_unit("ns")
"""The end of the data (exclusive), a Monday noon."""

MINUTE_MS = 60_000
MINUTE_NS = 60 * 10**9
DAY_MINUTES = 1_440
LOG_DAYS = 3
SPAN_DAYS = 2

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Grid:
    """The minutes of the last `days` before NOW, oldest first; "minute" below is an index into them."""

    days: int

    @cached_property
    def start_ms(self) -> int:
        """First minute, epoch milliseconds."""
        return int(NOW.value // 10**6) - self.days * DAY_MINUTES * MINUTE_MS

    @property
    def size(self) -> int:
        """Number of minutes."""
        return self.days * DAY_MINUTES

    @cached_property
    def ms(self) -> Ints:
        """Epoch milliseconds of every minute."""
        return self.start_ms + np.arange(self.size, dtype=np.int64) * MINUTE_MS

    @cached_property
    def hour(self) -> Floats:
        """Hour of the UTC day, with fraction."""
        return (self.ms // MINUTE_MS % DAY_MINUTES) / 60.0

    @cached_property
    def weekday(self) -> Ints:
        """0 is Monday."""
        return (self.ms // (MINUTE_MS * DAY_MINUTES) + 3) % 7

    @cached_property
    def day(self) -> Floats:
        """Days before NOW, negative, with fraction."""
        return (np.arange(self.size) - self.size) / DAY_MINUTES

    def minute(self, moment: str | pd.Timestamp) -> int:
        """Index of the minute that holds `moment`; negative or beyond the end if outside."""
        return int((pd.Timestamp(moment).value // 10**6 - self.start_ms) // MINUTE_MS)

    def moment(self, minute: float) -> pd.Timestamp:
        """The timestamp at a (fractional) minute index."""
        return pd.Timestamp(round((self.start_ms + minute * MINUTE_MS) * 10**6), unit="ns", tz="UTC")

    def nanoseconds(self, minutes: npt.NDArray[np.floating] | Ints) -> Ints:
        """Epoch nanoseconds at (fractional) minute indices, to the microsecond."""
        micros = np.rint(np.asarray(minutes, dtype=np.float64) * 60e6).astype(np.int64)
        return self.start_ms * 10**6 + micros * 1_000

    def tail(self, days: int) -> int:
        """First minute of the last `days`, or 0 if the grid is shorter."""
        return max(0, self.size - days * DAY_MINUTES)

    def blocks(self) -> list[tuple[int, int]]:
        """Half-open minute ranges cut at UTC midnights."""
        midnights = np.flatnonzero(self.ms % (DAY_MINUTES * MINUTE_MS) == 0)
        edges = sorted({0, *midnights.tolist(), self.size})
        return list(pairwise(edges))
