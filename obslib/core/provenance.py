"""Where a table came from: query, source, window, warnings and a hash of the data, in `frame.attrs`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace

import numpy as np
import pandas as pd

from obslib.core.errors import InputError
from obslib.core.window import Window, format_duration

KEY = "obslib"
_HASHED_ROWS = 64


@dataclass(frozen=True)
class Provenance:
    """What a reader needs to trust or repeat a result. Plain values only, and never a secret.

    `fetched_at`, `start` and `end` are ISO 8601 in UTC; `step` is a Prometheus duration or `""`;
    `data_hash` is 16 hex digits over the values and labels, `""` until attached. `details["title"]`,
    if there is one, is what a figure is called.
    """

    profile: str
    source: str
    query: str
    language: str = ""
    start: str = ""
    end: str = ""
    step: str = ""
    rows: int = 0
    fetched_at: str = ""
    unit: str = ""
    warnings: tuple[str, ...] = ()
    data_hash: str = ""
    details: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_query(
        cls,
        source: str,
        query: str,
        window: Window,
        *,
        language: str,
        step: pd.Timedelta | None = None,
        warnings: tuple[str, ...] = (),
    ) -> Provenance:
        """Provenance of a query over a window, fetched now; the workspace fills in the profile."""
        return cls(
            profile="",
            source=source,
            query=query,
            language=language,
            start=window.start.isoformat(),
            end=window.end.isoformat(),
            step="" if step is None else format_duration(step),
            fetched_at=pd.Timestamp.now("UTC").floor("s").isoformat(),
            warnings=warnings,
        )


def attach(frame: pd.DataFrame, provenance: Provenance) -> pd.DataFrame:
    """Return `frame` (sharing its data) with its provenance, row count and data hash in `attrs`."""
    result = frame.copy(deep=False)
    described = asdict(replace(provenance, details=dict(provenance.details)))
    described |= {"rows": len(frame), "data_hash": data_hash(frame), "warnings": list(provenance.warnings)}
    result.attrs = {**frame.attrs, KEY: described}
    return result


def provenance_of(frame: pd.DataFrame) -> Provenance:
    """Read the provenance that `attach` wrote.

    Raises
    ------
    InputError
        If the frame carries none, or one that `attach` has not written.
    """
    found = frame.attrs.get(KEY)
    if not isinstance(found, Mapping):
        raise InputError(
            "this frame carries no provenance.",
            fix="use a frame that a workspace returned; operations between frames drop it.",
        )
    names = {field.name for field in fields(Provenance)}
    if found.keys() != names:
        raise InputError(
            f"this frame's provenance has foreign or missing keys: {sorted(found.keys() ^ names)}.",
            fix="fetch the data again with this version of obslib.",
        )
    return Provenance(**{**found, "warnings": tuple(found["warnings"])})


def data_hash(frame: pd.DataFrame) -> str:
    """16 hex digits over a table's columns and values (a metric frame's times too): equal data, equal hash.

    Equal means what it means to pandas: every NaN is the same, and so are 0 and -0.
    """
    digest = hashlib.blake2b(digest_size=8)
    digest.update(repr(list(frame.columns.names)).encode())
    digest.update(repr(frame.columns.to_list()).encode())
    if isinstance(frame.index, pd.DatetimeIndex):
        digest.update(frame.index.as_unit("ns").asi8.tobytes())
    else:
        digest.update(str(len(frame)).encode())
    if len(frame.columns) and (frame.dtypes == np.float64).all():
        values = frame.to_numpy()
        for start in range(0, len(values), _HASHED_ROWS):  # a few rows at a time: a copy of a large frame is felt
            rows = np.ascontiguousarray(values[start : start + _HASHED_ROWS]) + 0.0  # makes -0.0 zero
            rows[np.isnan(rows)] = np.nan
            digest.update(rows.data)
    elif frame.size:
        digest.update(pd.util.hash_pandas_object(_hashable(frame), index=False).to_numpy().tobytes())
    return digest.hexdigest()


def _hashable(frame: pd.DataFrame) -> pd.DataFrame:
    """Lists and dicts, as attributes may hold them, by their text."""
    texts = {name: column.map(repr) for name, column in frame.items() if column.dtype == object}
    return frame.assign(**texts) if texts else frame
