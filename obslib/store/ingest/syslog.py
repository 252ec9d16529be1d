"""Syslog files and captures: RFC 5424, RFC 3164 (BSD), and the RFC 3339 lines that rsyslog writes.

A BSD time has no year: it is read as the latest one that is not after `now` (plus a day, for clocks
that run ahead), and as UTC; the report says so.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from obslib.core.layout import Batch
from obslib.store.ingest.duck import columns_of
from obslib.store.ingest.file_context import FileContext
from obslib.store.ingest.json_objects import string_members
from obslib.store.ingest.lines import Lines, Stream
from obslib.store.ingest.log_records import SYSLOG_NAMES, SYSLOG_SEVERITIES, attach_continuations, log_table, with_tails
from obslib.store.ingest.moments import parse_moments

_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[zZ]|[+-]\d\d:?\d\d)"
_BSD = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d"
_DATA = r'(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+'
_PRI = r"<(?P<pri>0?\d{1,2}|1[0-8]\d|19[01])>"  # facility 0 to 23, times 8, plus severity 0 to 7
RFC5424 = (
    rf"^{_PRI}1 (?P<time>-|{_ISO}) (?P<host>\S+) (?P<app>\S+) (?P<pid>\S+) (?P<msgid>\S+) "
    rf"(?P<data>-|{_DATA})(?: (?P<body>.*))?$"
)
BSD = (
    rf"^(?:{_PRI})?(?P<time>{_BSD}|{_ISO}) (?P<host>\S+) "
    r"(?:(?P<app>[^\s:\[\]]+)(?:\[(?P<pid>[^\]]*)\])?: )?(?P<body>.*)$"
)
_FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "security", "console", "solaris-cron"),
    *(f"local{number}" for number in range(8)),
)
_NO_PRIORITY = -1


def read_syslog(stream: Stream, context: FileContext) -> Iterator[Batch]:
    """Batches of a syslog file; both RFCs may be mixed. Indented lines go to the record above."""
    for lines in stream.lines():
        yield Batch(logs=_decode(lines, context))


def _decode(lines: Lines, context: FileContext) -> pa.Table:
    new = pc.extract_regex(lines.texts, RFC5424)
    old = pc.extract_regex(pc.if_else(new.is_valid(), "", lines.texts), BSD)
    is_new = new.is_valid().to_numpy(zero_copy_only=False)
    is_record = is_new | old.is_valid().to_numpy(zero_copy_only=False)
    reason = "not a syslog line (RFC 5424 or 3164, priority at most 191)"
    rows, tails = attach_continuations(lines, is_record, context.report, reason)
    picked = pa.array(rows)
    choose = pa.array(is_new[rows])
    fields = {
        name: pc.if_else(choose, _given(new.field(name).take(picked)), _given(old.field(name).take(picked)))
        for name in ("pri", "time", "host", "app", "pid", "body")
    }
    priority = pc.fill_null(pc.cast(fields["pri"], pa.int32()), _NO_PRIORITY).to_numpy(zero_copy_only=False)
    body = pc.fill_null(pc.replace_substring_regex(fields["body"], "^\ufeff", ""), "")
    attributes = {
        "host.name": fields["host"],
        "process.pid": fields["pid"],
        "syslog.facility": _words(_FACILITIES, priority // 8, priority >= 0),
        "syslog.msg.id": pc.if_else(choose, _given(new.field("msgid").take(picked)), None),
    }
    columns = {
        "timestamp": _times(fields["time"], context, rows + lines.first),
        "service_name": pc.fill_null(fields["app"], ""),
        "severity_number": _numbers(priority),
        "severity_text": _words(SYSLOG_NAMES, priority % 8, priority >= 0),
        "body": with_tails(body, tails),
        "log_attributes": _with_data(string_members(attributes), new.field("data").take(picked)),
    }
    return log_table(columns, context.service, context.report, [int(row) + lines.first for row in rows])


def _given(texts: pa.Array) -> pa.Array:
    """Null for syslog's nil value and for what is absent."""
    return pc.if_else(pc.or_(pc.equal(texts, "-"), pc.equal(texts, "")), None, texts)


def _times(texts: pa.Array, context: FileContext, places: npt.NDArray[np.int64]) -> pa.Array:
    """Moments; those without a year and zone are flagged with what was assumed, `places` being their lines."""
    bsd = pc.match_substring_regex(texts, "^[A-Z]")
    if not pc.any(bsd).as_py():
        return parse_moments(texts)
    distinct = texts.dictionary_encode()
    words = pd.Series(distinct.dictionary.to_pylist(), dtype="str")
    dated = words.where(~words.str.match(_BSD), _with_year(words, context.now + pd.Timedelta(days=1)))
    moments = parse_moments(pa.array(dated, pa.string(), from_pandas=True).take(distinct.indices))
    years = pc.if_else(bsd, pc.year(moments), None)
    for year in pc.unique(years).drop_null().to_pylist():
        found = np.flatnonzero(pc.fill_null(pc.equal(years, year), False).to_numpy(zero_copy_only=False))
        reason = f"time without a year and zone, read as of {year} in UTC"
        context.report.flag(reason, (int(places[row]) for row in found), count=len(found))
    return moments


def _with_year(words: pd.Series, latest: pd.Timestamp) -> pd.Series:
    """`Feb 29 12:00:00` in the latest year in which it exists and is not after `latest`, as ISO text."""
    found = pd.Series(pd.NaT, index=words.index, dtype="datetime64[ns, UTC]")
    for year in range(latest.year, latest.year - 9, -1):
        moments = pd.to_datetime(f"{year} " + words, format="%Y %b %d %H:%M:%S", errors="coerce", utc=True)
        found = found.fillna(moments.where(moments <= latest))
    return found.dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def _numbers(priority: npt.NDArray[np.int32]) -> pa.Array:
    return pa.array(np.where(priority >= 0, np.array(SYSLOG_SEVERITIES)[priority % 8], 0), pa.int32())


def _words(words: tuple[str, ...], codes: npt.NDArray[np.int32], known: npt.NDArray[np.bool_]) -> pa.Array:
    picked = pa.array(words).take(pa.array(np.where(known, codes, 0)))
    return pc.if_else(pa.array(known), picked, "")


_ELEMENTS = r"""
WITH elements AS (
    SELECT row, unnest(regexp_extract_all(data, '\[((?:[^\]"]|"(?:[^"\\]|\\.)*")*)\]', 1)) AS element FROM given
), parameters AS (
    SELECT row, regexp_extract(element, '^[^ ]+') AS id,
           unnest(regexp_extract_all(element, ' ([^= ]+)="((?:[^"\\]|\\.)*)"', 1)) AS name,
           unnest(regexp_extract_all(element, ' ([^= ]+)="((?:[^"\\]|\\.)*)"', 2)) AS value
    FROM elements
)
SELECT row, string_agg(to_json(id || '.' || name) || ':' ||
                       to_json(regexp_replace(value, '\\(["\\\]])', '\1', 'g')), ',')
FROM parameters GROUP BY row
"""


def _with_data(objects: pa.Array, data: pa.Array) -> pa.Array:
    """Attributes with the structured data added as `<element id>.<parameter>`."""
    rows = np.flatnonzero(pc.starts_with(data, "[").fill_null(False).to_numpy(zero_copy_only=False))
    if not len(rows):
        return objects
    found, members = columns_of(_ELEMENTS, {"row": pa.array(rows), "data": data.take(pa.array(rows))})
    texts = np.full(len(objects), None, dtype=object)
    texts[found.to_numpy()] = members.to_numpy(zero_copy_only=False)
    added = pa.array(texts, pa.string())
    comma = pc.if_else(pc.equal(objects, "{}"), "", ",")
    longer = pc.binary_join_element_wise(pc.utf8_slice_codeunits(objects, 0, -1), comma, added, "}", "")
    return pc.coalesce(longer, objects)
