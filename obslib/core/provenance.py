"""Where a table came from: query, source, window, warnings and a hash of the data, in `frame.attrs`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
import pandas as pd

from obslib.core.errors import InputError
from obslib.core.window import Window, format_duration

KEY = "obslib"


@dataclass(frozen=True)
class Provenance:
    """What a reader needs to trust or repeat a result. Plain values only, and never a secret.

    `fetched_at`, `start` and `end` are ISO 8601 in UTC; `step` is a Prometheus duration or `""`;
    `data_hash` is 16 hex digits over the values and labels, `""` until attached.
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
    described = asdict(provenance) | {"rows": len(frame), "data_hash": data_hash(frame)}
    described["warnings"] = list(provenance.warnings)
    result.attrs = {**frame.attrs, KEY: described}
    return result


def provenance_of(frame: pd.DataFrame) -> Provenance:
    """Read the provenance that `attach` wrote.

    Raises
    ------
    InputError
        If the frame carries none.
    """
    found = frame.attrs.get(KEY)
    if not isinstance(found, Mapping):
        raise InputError(
            "this frame carries no provenance.",
            fix="use a frame that a workspace returned; operations between frames drop it.",
        )
    return Provenance(**{**found, "warnings": tuple(found["warnings"])})


def data_hash(frame: pd.DataFrame) -> str:
    """16 hex digits over index, columns and values: equal data, equal hash, on any machine."""
    digest = hashlib.blake2b(digest_size=8)
    digest.update(repr(list(frame.columns.names)).encode())
    digest.update(repr(frame.columns.to_list()).encode())
    if len(frame.columns) and (frame.dtypes == np.float64).all():
        digest.update(
            np.ascontiguousarray(
                frame.index.to_numpy().astype("datetime64[ns]")
                if isinstance(frame.index, pd.DatetimeIndex)
                else frame.index.to_numpy()
            ).tobytes()
        )
        digest.update(np.ascontiguousarray(frame.to_numpy()).tobytes())
    elif len(frame):
        digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()
