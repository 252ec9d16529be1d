"""Columns of written moments, in any common form, to UTC timestamps with nanoseconds."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from obslib.core import layout
from obslib.store.ingest.duck import columns_of

_TIMESTAMP = layout.LOGS.field("timestamp").type
_EPOCH = r"^\d{9,19}(?:\.\d+)?(?:[eE]\+?\d+)?$"
# Seconds, ms, us or ns by size, as `obslib.core.window.parse_time` tells them apart.
_FROM_EPOCH = """CASE
    WHEN abs(number) < 1e11 THEN CAST(round(number * 1000000) AS BIGINT) * 1000
    WHEN abs(number) < 1e14 THEN CAST(round(number * 1000) AS BIGINT) * 1000
    WHEN abs(number) < 1e17 THEN CAST(whole AS BIGINT) * 1000
    ELSE try_cast(whole AS BIGINT) END"""
_ZONE = r"(?:[zZ]|[+-]\d\d(?::?\d\d)?)$"
_DATE = r"^\s*\d{4}[-/]\d"


def parse_moments(texts: pa.Array, pattern: str | None = None) -> pa.Array:
    """UTC timestamps; null where a text is no moment.

    Parameters
    ----------
    texts
        ISO 8601 (a comma may stand before the fraction; without a zone it is UTC) or epoch seconds,
        milliseconds, microseconds or nanoseconds, told apart by size.
    pattern
        A `strptime` pattern, with a zone, instead.
    """
    encoded = texts.dictionary_encode()  # many lines share a second
    distinct = _parse_distinct(encoded.dictionary, pattern)
    return distinct.take(encoded.indices)


def lack_zone(texts: pa.Array) -> pa.Array:
    """Which texts are ISO moments without a zone, which `parse_moments` takes for UTC; false where null."""
    is_date = pc.match_substring_regex(texts, _DATE)
    has_zone = pc.and_(pc.match_substring(texts, ":"), pc.match_substring_regex(pc.utf8_rtrim_whitespace(texts), _ZONE))
    return pc.fill_null(pc.and_not(is_date, has_zone), False)


def _parse_distinct(texts: pa.Array, pattern: str | None) -> pa.Array:
    given = {"text": texts.cast(pa.string())}
    if pattern is not None:
        query = "SELECT try(epoch_ns(try_strptime(text, $pattern))) FROM given"
        (nanos,) = columns_of(query, given, {"pattern": pattern})
    else:
        (nanos,) = columns_of(_ISO_OR_EPOCH, given, {"epoch": _EPOCH, "zone": _ZONE})
    return pc.cast(nanos.cast(pa.int64()), _TIMESTAMP)


_ISO_OR_EPOCH = f"""
WITH read AS (
    SELECT trim(text) AS text, regexp_matches(trim(text), $epoch) AS is_epoch FROM given
), split AS (
    SELECT is_epoch, try_cast(text AS DOUBLE) AS number, try_cast(text AS DECIMAL(38, 9)) AS whole,
           CASE WHEN is_epoch THEN NULL ELSE replace(replace(text, ',', '.'), '/', '-') END AS iso
    FROM read
)
SELECT CASE WHEN is_epoch THEN {_FROM_EPOCH}
            ELSE try(epoch_ns(try_cast(CASE WHEN iso NOT LIKE '%:%' THEN iso || 'T00:00:00Z'
                                        WHEN regexp_matches(iso, $zone) THEN iso
                                        ELSE iso || 'Z' END AS TIMESTAMPTZ_NS))) END AS ns
FROM split
"""
