"""Series rows from Python, one per series (never per sample)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obslib.core.layout import EXEMPLARS, SERIES, MetricBatch


@dataclass(frozen=True)
class SeriesRow:
    """One series: its name, what is known of its family, and its labels without `__name__`."""

    name: str
    labels: Mapping[str, str]
    type: str = "unknown"
    unit: str = ""
    description: str = ""

    def key(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What makes two series the same; an empty label is no label."""
        return self.name, tuple(sorted((name, value) for name, value in self.labels.items() if value))


@dataclass
class SeriesIndex:
    """Gives each different series one code, in order of first sight."""

    rows: list[SeriesRow] = field(default_factory=list)
    _codes: dict[tuple[str, tuple[tuple[str, str], ...]], int] = field(default_factory=dict)

    def code(self, row: SeriesRow) -> int:
        """The code of a series; equal labels in another order are the same series."""
        key = row.key()
        code = self._codes.setdefault(key, len(self.rows))
        if code == len(self.rows):
            self.rows.append(row)
        return code

    def batch(
        self, codes: npt.NDArray[np.int64], times: npt.NDArray[np.int64], values: npt.NDArray[np.float64]
    ) -> MetricBatch:
        """Samples of the series known so far; only the series that have samples are in the batch."""
        used, dense = np.unique(codes, return_inverse=True)
        series = series_table([self.rows[code] for code in used.tolist()])
        return MetricBatch(series, dense.astype(np.int32), times, values)


def series_table(rows: Sequence[SeriesRow]) -> pa.Table:
    """The layout's SERIES table."""
    columns = [
        [row.name for row in rows],
        [row.type for row in rows],
        [row.unit for row in rows],
        [row.description for row in rows],
        [list(row.key()[1]) for row in rows],
    ]
    return pa.Table.from_arrays(
        [pa.array(values, item.type) for values, item in zip(columns, SERIES, strict=True)], schema=SERIES
    )


def exemplar_table(
    rows: Sequence[SeriesRow],
    codes: npt.NDArray[np.int64],
    times: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
    ids: tuple[pa.Array, pa.Array],
) -> pa.Table:
    """The layout's EXEMPLARS table: exemplar `i` belongs to `rows[codes[i]]`; `times` are nanoseconds.

    `ids` are the trace ids and the span ids.
    """
    series = series_table(rows)
    picked = series.take(pa.array(codes, pa.int64()))
    return pa.Table.from_arrays(
        [
            pa.array(times, pa.int64()).cast(EXEMPLARS.field("timestamp").type),
            picked["metric_name"],
            picked["labels"],
            pa.array(values, pa.float64()),
            *ids,
        ],
        schema=EXEMPLARS,
    )
