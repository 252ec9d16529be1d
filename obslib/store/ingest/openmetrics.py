"""OpenMetrics 1.0 and Prometheus text 0.0.4 (with Prometheus 3's quoted UTF-8 names).

Lines are taken apart by one regular expression over whole columns; only a series seen for the first
time and a metadata line cost Python. References: OpenMetrics 1.0, "Text Format";
prometheus.io/docs/instrumenting/exposition_formats and .../content_negotiation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obslib.core.errors import InputError
from obslib.core.layout import Batch
from obslib.store.ingest.lines import Lines, split_lines
from obslib.store.ingest.report import IngestReport
from obslib.store.ingest.series_table import SeriesIndex, SeriesRow, exemplar_table

Dialect = Literal["openmetrics", "prometheus"]

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_BRACES = r"\{(?:[^\"}]|" + _QUOTED + r")*\}"
_NUMBER = r"[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[iI][nN][fF](?:inity)?|[nN][aA][nN])"
_SAMPLE = (
    rf"^[ \t]*(?P<series>(?:[a-zA-Z_:][a-zA-Z0-9_:]*[ \t]*(?:{_BRACES})?|{_BRACES}))[ \t]*"
    rf"(?P<value>{_NUMBER})(?:[ \t]+(?P<time>{_NUMBER}))?[ \t]*(?:# *(?P<exemplar>\{{.*))?$"
)
_EXEMPLAR = rf"^(?P<labels>{_BRACES})[ \t]+(?P<value>{_NUMBER})(?:[ \t]+(?P<time>{_NUMBER}))?[ \t]*$"
_TRACE_ID = r'(?:^|[{, ])"?(?:trace_?id|traceID|traceId|TraceID)"?="(?P<id>[^"]*)"'
_SPAN_ID = r'(?:^|[{, ])"?(?:span_?id|spanID|spanId|SpanID)"?="(?P<id>[^"]*)"'
_METADATA = re.compile(rf"#[ \t]*(TYPE|HELP|UNIT)[ \t]+([^\s\"]+|{_QUOTED})(?:[ \t]+(.*))?")
_PAIR = re.compile(rf"[ \t,]*(?:([a-zA-Z_][a-zA-Z0-9_.:]*)|({_QUOTED}))[ \t]*(?:=[ \t]*({_QUOTED}))?[ \t]*(?=,|$)")
_ESCAPE = re.compile(r'\\([\\"n])')
_SUFFIXES = ("_bucket", "_count", "_sum", "_total", "_created", "_gcount", "_gsum", "_info")
_TYPES = {"untyped": "unknown", "info": "gauge", "stateset": "gauge", "gaugehistogram": "gauge"}
_KNOWN_TYPES = {"counter", "gauge", "histogram", "summary", "unknown"}
_LATEST_MS = 9.2e12  # what nanoseconds in 64 bits can hold
_SECONDS_BELOW = 1e11  # milliseconds reach this in 1973, seconds in 5138


def parse_openmetrics(
    body: bytes,
    *,
    content_type: str = "",
    time_ms: int | None = None,
    extra_labels: Mapping[str, str] | None = None,
    report: IngestReport | None = None,
) -> Batch:
    """Samples and exemplars of one scrape.

    Parameters
    ----------
    body
        The answer's body, uncompressed, UTF-8.
    content_type
        The answer's `Content-Type`; it tells OpenMetrics (times in seconds, `# EOF` required) from
        the older text format (times in milliseconds). Without one the body itself decides.
    time_ms
        When it was scraped, epoch milliseconds: the time of samples that carry none.
    extra_labels
        Labels of the target. A label of the same name in the body is renamed `exported_...`, as
        Prometheus does.
    report
        Told what was skipped and why.

    Raises
    ------
    InputError
        If an OpenMetrics answer ends without `# EOF`: it was cut off.
    """
    dialect: Dialect | None = None
    if content_type:
        dialect = "openmetrics" if "openmetrics" in content_type.lower() else "prometheus"
    if dialect == "openmetrics" and not body.rstrip().endswith(b"# EOF"):
        raise InputError(
            f"byte {len(body)}: the OpenMetrics text ends without '# EOF', so it was cut off.",
            fix="scrape again; raise the endpoint's or the proxy's time-out if it happens again.",
        )
    report = report if report is not None else IngestReport()
    parser = ExpositionParser(report, dialect=dialect, time_ms=time_ms, extra_labels=extra_labels or {})
    return parser.feed(Lines(split_lines(body, report), 1))


@dataclass
class _Family:
    type: str = "unknown"
    unit: str = ""
    description: str = ""


@dataclass
class ExpositionParser:
    """Takes chunks of lines; remembers metadata and series from chunk to chunk.

    `untimed` counts samples that carried no time.
    """

    report: IngestReport
    dialect: Dialect | None = None
    time_ms: int | None = None
    extra_labels: Mapping[str, str] = field(default_factory=dict)
    untimed: int = 0
    _families: dict[str, _Family] = field(default_factory=dict)
    _index: SeriesIndex = field(default_factory=SeriesIndex)
    _known: dict[str, int | str] = field(default_factory=dict)

    def feed(self, lines: Lines) -> Batch:
        """Samples of the next lines; lines that are none of the format are skipped and counted."""
        parsed = pc.extract_regex(lines.texts, _SAMPLE)
        is_sample = parsed.is_valid().to_numpy(zero_copy_only=False)
        self._read_comments(lines, ~is_sample)
        rows = np.flatnonzero(is_sample)
        sample = parsed.take(pa.array(rows))
        codes = self._codes(sample.field("series"), rows, lines)
        values = sample.field("value").cast(pa.float64()).to_numpy(zero_copy_only=False)
        times, timed = self._times(sample.field("time"))
        self._skip("sample without a time, and none was given", rows[~timed & (codes >= 0)], lines)
        keep = timed & (codes >= 0)
        batch = self._index.batch(codes[keep], times[keep], values[keep])
        exemplars = self._exemplars(sample.field("exemplar").filter(pa.array(keep)), codes[keep], times[keep])
        return Batch(metrics=batch, exemplars=exemplars)

    def _read_comments(self, lines: Lines, chosen: npt.NDArray[np.bool_]) -> None:
        rows = np.flatnonzero(chosen)
        texts = pc.utf8_trim_whitespace(lines.texts.take(pa.array(rows)))
        is_comment = pc.starts_with(texts, "#").to_numpy(zero_copy_only=False)
        is_blank = pc.equal(texts, "").to_numpy(zero_copy_only=False)
        self._skip('not a sample; expected name{label="value"} number [time]', rows[~is_comment & ~is_blank], lines)
        for text in pc.unique(texts.filter(pa.array(is_comment))).to_pylist():
            self._read_metadata(text)

    def _read_metadata(self, text: str) -> None:
        found = _METADATA.fullmatch(text)
        if found is None:
            return
        keyword, name, rest = found.groups("")
        family = self._families.setdefault(_unquoted(name), _Family())
        if keyword == "TYPE":
            type_ = _TYPES.get(rest.strip(), rest.strip())
            family.type = type_ if type_ in _KNOWN_TYPES else "unknown"
        elif keyword == "UNIT":
            family.unit = rest.strip()
        else:
            family.description = _unescaped(rest)

    def _codes(self, series: pa.Array, rows: npt.NDArray[np.int64], lines: Lines) -> npt.NDArray[np.int64]:
        """The series' code of each sample; -1 where its labels cannot be read."""
        encoded = series.dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        found = [self._known.get(text) for text in texts]
        for place, text in enumerate(texts):
            if found[place] is None:
                found[place] = self._known[text] = self._new_series(text)
        codes = np.array([one if isinstance(one, int) else -1 for one in found], dtype=np.int64)
        places = np.asarray(encoded.indices.to_numpy(), dtype=np.int64)
        for place, one in enumerate(found):
            if isinstance(one, str):
                self._skip(one, rows[places == place], lines)
        return codes[places] if len(codes) else np.empty(0, dtype=np.int64)

    def _new_series(self, text: str) -> int | str:
        parsed = parse_series(text)
        if isinstance(parsed, str):
            return parsed
        name, labels = parsed
        for key, value in self.extra_labels.items():
            if key in labels and labels[key] != value:
                labels[f"exported_{key}"] = labels[key]
            labels[key] = value
        family = self._family(name)
        return self._index.code(SeriesRow(name, labels, family.type, family.unit, family.description))

    def _family(self, name: str) -> _Family:
        if name in self._families:
            return self._families[name]
        base = next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name)
        return self._families.get(base, _Family())

    def _times(self, texts: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Epoch milliseconds of each sample, and whether it has any."""
        given = texts.is_valid().to_numpy(zero_copy_only=False) & (pc.binary_length(texts).fill_null(0).to_numpy() > 0)
        numbers = pc.if_else(pa.array(given), texts, "nan").cast(pa.float64()).to_numpy(zero_copy_only=False)
        given &= np.abs(numbers) < _LATEST_MS  # also false for NaN
        self.untimed += int((~given).sum())
        if self.dialect is None and given.any():
            self.dialect = "openmetrics" if np.abs(numbers[given]).max() < _SECONDS_BELOW else "prometheus"
        scale = 1_000 if self.dialect == "openmetrics" else 1
        fallback = self.time_ms if self.time_ms is not None else 0
        times = np.where(given, np.round(np.where(given, numbers, 0) * scale), fallback).astype(np.int64)
        return times, given | (self.time_ms is not None)

    def _exemplars(
        self, texts: pa.Array, codes: npt.NDArray[np.int64], times: npt.NDArray[np.int64]
    ) -> pa.Table | None:
        rows = np.flatnonzero(pc.binary_length(texts).fill_null(0).to_numpy() > 0)
        if not len(rows):
            return None
        parsed = pc.extract_regex(texts.take(pa.array(rows)), _EXEMPLAR)
        good = parsed.is_valid().to_numpy(zero_copy_only=False)
        self.report.skip("exemplar that cannot be read", codes[rows[~good]].tolist(), unit="series")
        parsed, rows = parsed.filter(pa.array(good)), rows[good]
        seconds = pc.if_else(pc.equal(parsed.field("time"), ""), "nan", parsed.field("time")).cast(pa.float64())
        own = seconds.to_numpy(zero_copy_only=False)
        timed = np.abs(own) < _LATEST_MS / 1_000  # also false for NaN
        micros = np.round(np.where(timed, own, 0) * 1e6).astype(np.int64)
        nanos = np.where(timed, micros * 1_000, times[rows] * 10**6)
        values = parsed.field("value").cast(pa.float64()).to_numpy(zero_copy_only=False)
        ids = _label_of(parsed.field("labels"), _TRACE_ID), _label_of(parsed.field("labels"), _SPAN_ID)
        return exemplar_table(self._index.rows, codes[rows], nanos, values, ids)

    def _skip(self, reason: str, rows: npt.NDArray[np.int64], lines: Lines) -> None:
        self.report.skip(reason, (int(row) + lines.first for row in rows), count=len(rows))


def parse_series(text: str) -> tuple[str, dict[str, str]] | str:
    """Name and labels of `name{label="value"}` or `{"name",label="value"}`; or what is wrong with it."""
    name, brace, inside = text.partition("{")
    name, inside = name.strip(), inside.rstrip().removesuffix("}").strip().removesuffix(",")
    labels: dict[str, str] = {}
    position = 0
    while brace and position < len(inside):
        found = _PAIR.match(inside, position)
        if found is None:
            return f"broken labels near {inside[position : position + 20]!r}"
        plain, quoted, value = found.groups()
        if value is not None:
            key = plain or _unquoted(quoted)
            if key in labels:
                return f"label {key!r} twice"
            labels[key] = _unquoted(value)
        elif quoted is not None and not name:
            name = _unquoted(quoted)
        else:
            return f"label {plain or quoted} without a value"
        position = found.end()
    if not name:
        return "sample without a metric name"
    return name, labels


def _label_of(labels: pa.Array, pattern: str) -> pa.Array:
    return pc.fill_null(pc.extract_regex(labels, pattern).field("id"), "")


def _unquoted(text: str) -> str:
    return _unescaped(text[1:-1]) if text.startswith('"') else text


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], text) if "\\" in text else text
