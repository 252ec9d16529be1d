"""The answer to a question about one moment."""

from __future__ import annotations

import msgspec
import numpy as np
import pandas as pd

from obslib.core.errors import QueryError, UnsupportedError
from obslib.core.frames import metric_frame
from obslib.sources.prometheus.answers import decode_data


class Instant(msgspec.Struct, rename={"result_type": "resultType"}):
    """Data of `/api/v1/query`; what `result` is depends on its type."""

    result_type: str
    result: msgspec.Raw


class _Sample(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str] | msgspec.UnsetType = msgspec.UNSET


def instant_frame(data: Instant, moment: pd.Timestamp, query: str) -> pd.DataFrame:
    """A metric frame of the one row `moment`: a scalar has no label, a vector one column per series.

    Raises
    ------
    QueryError
        If the result is a range vector or text.
    UnsupportedError
        If it has native histograms.
    """
    if data.result_type == "scalar":
        _, text = decode_data(data.result, tuple[float, str])
        return metric_frame([moment], [[float(text)]], [{}])
    if data.result_type != "vector":
        raise QueryError(
            f"the result is a {data.result_type}, not a number per series.",
            query=query,
            fix="take a value of the range, for example by last_over_time(...), or use query_metrics.",
        )
    samples = decode_data(data.result, list[_Sample])
    values = [float(one.value[1]) for one in samples if one.value is not msgspec.UNSET]
    if len(values) < len(samples):
        raise UnsupportedError(
            "the result has native histograms, which a table of numbers cannot hold.",
            fix="take numbers of them: histogram_quantile(0.9, ...), histogram_count(...), histogram_avg(...).",
        )
    return metric_frame([moment], np.array([values]), [one.metric for one in samples])
