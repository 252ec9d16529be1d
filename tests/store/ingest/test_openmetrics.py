"""OpenMetrics and Prometheus text: what the specifications show, escapes, times, exemplars, garbage."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obslib.core import layout
from obslib.core.errors import InputError
from obslib.store.ingest import IngestReport, parse_openmetrics
from obslib.store.ingest.lines import Lines, split_lines
from obslib.store.ingest.openmetrics import ExpositionParser, parse_series

from .support import NOON_MS, samples, values

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS = "text/plain; version=0.0.4"
TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)
NAMES = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,8}", fullmatch=True)
LABELS = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)


def parse(text: str, **options: object):
    return parse_openmetrics(text.encode(), **{"time_ms": NOON_MS, **options})


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def test_the_example_of_the_prometheus_documentation():
    batch = parse(
        r"""
# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045

# A histogram, which has a pretty complex representation in the text format:
# HELP http_request_duration_seconds A histogram of the request duration.
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320
""",
        content_type=PROMETHEUS,
    )
    found = samples(batch)
    assert found["http_requests_total", (("code", "200"), ("method", "post"))] == [(1395066363000, 1027.0)]
    assert found["something_weird", (("problem", "division by zero"),)] == [(-3982045, math.inf)]
    assert found["metric_without_timestamp_and_labels", ()] == [(NOON_MS, 12.47)]
    error = 'Cannot find file:\n"FILE.TXT"'
    path = ("path", "C:\\DIR\\FILE.TXT")
    assert found["msdos_file_access_time_seconds", (("error", error), path)] == [(NOON_MS, 1.458255915e9)]
    rows = {row["metric_name"]: row for row in batch.metrics.series.to_pylist()}
    assert rows["http_requests_total"]["metric_type"] == "counter"
    assert rows["http_requests_total"]["metric_description"] == "The total number of HTTP requests."
    assert rows["http_request_duration_seconds_bucket"]["metric_type"] == "histogram"
    assert rows["http_request_duration_seconds_count"]["metric_type"] == "histogram"
    assert rows["something_weird"]["metric_type"] == "unknown"


def test_openmetrics_counts_seconds_and_names_units():
    batch = parse(
        "# TYPE foo_seconds counter\n# UNIT foo_seconds seconds\n# HELP foo_seconds Time \\\\ spent\\nhere\n"
        'foo_seconds_total{a="b"} 17.0 1520879607.789\nfoo_seconds_created{a="b"} 1520430000.123\n# EOF\n',
        content_type=OPENMETRICS,
    )
    assert samples(batch)["foo_seconds_total", (("a", "b"),)] == [(1520879607789, 17.0)]
    row = batch.metrics.series.to_pylist()[0]
    assert (row["metric_type"], row["metric_unit"]) == ("counter", "seconds")
    assert row["metric_description"] == "Time \\ spent\nhere"


@pytest.mark.parametrize("written", ["info", "stateset", "gaugehistogram", "untyped", "unknown", "nonsense"])
def test_types_that_the_layout_lacks_become_gauge_or_unknown(written: str):
    batch = parse(f"# TYPE x {written}\nx 1\n")
    expected = "gauge" if written in {"info", "stateset", "gaugehistogram"} else "unknown"
    assert batch.metrics.series["metric_type"].to_pylist() == [expected]


def test_an_openmetrics_answer_without_its_end_is_refused():
    with pytest.raises(InputError, match=r"byte 6: .* ends without '# EOF'"):
        parse("up 1.0", content_type=OPENMETRICS)


def test_the_older_format_needs_no_end():
    assert values(parse("up 1", content_type=PROMETHEUS)) == {"up": 1.0}


def test_without_a_content_type_the_size_of_the_times_decides():
    assert samples(parse("up 1 1793534400.5\n"))["up", ()] == [(NOON_MS + 500, 1.0)]
    assert samples(parse("up 1 1793534400500\n"))["up", ()] == [(NOON_MS + 500, 1.0)]


def test_names_and_labels_may_be_any_quoted_text():
    batch = parse('{"http.requests",  "host name"="x}y # {", plain="1",} 3\n{"only"} 4\n')
    assert values(batch) == {'http.requests{host name="x}y # {",plain="1"}': 3.0, "only": 4.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("-1.5e-3", -0.0015), (".5", 0.5), ("5.", 5), ("+Inf", math.inf), ("-inf", -math.inf), ("1E+3", 1000)],
)
def test_numbers(text: str, value: float):
    assert values(parse(f"x {text}\n")) == {"x": value}


def test_nan_is_a_value():
    assert math.isnan(values(parse("x NaN\n"))["x"])


@pytest.mark.parametrize(
    "line",
    [
        "x",
        "x y",
        "x 0x10",
        "x 1 2 3",
        "x 1_000",
        'x{a="b} 1',
        "x{a='b'} 1",
        "1x 1",
        "x{} one",
        "{} ",
        'x"y" 1',
        "x 1 now",
    ],
)
def test_lines_that_are_no_samples_are_counted_and_the_rest_is_read(line: str):
    report = IngestReport()
    batch = parse(f"before 1\n{line}\nafter 2\n", report=report)
    assert values(batch) == {"before": 1.0, "after": 2.0}
    assert report.skipped_total == 1
    assert report.examples[0].where == "line 2"


@pytest.mark.parametrize(
    ("series", "problem"),
    [
        ("{}", "without a metric name"),
        ('x{a="1",a="2"}', "label 'a' twice"),
        ("x{a}", "without a value"),
        ('x{"a"}', "without a value"),
        ('x{a="1" b="2"}', "broken labels"),
        ("x{a=b}", "broken labels"),
    ],
)
def test_broken_labels_are_explained(series: str, problem: str):
    assert problem in str(parse_series(series))
    report = IngestReport()
    assert values(parse(f"{series} 1\n", report=report)) == {}
    assert problem in next(iter(report.skipped))


def test_blank_lines_comments_and_carriage_returns_are_no_samples():
    report = IngestReport()
    batch = parse("\r\n# just a comment\r\n#no space\r\n  \r\n\tx 1 \r\n# EOF\r\n", report=report)
    assert values(batch) == {"x": 1.0}
    assert report.skipped_total == 0


def test_an_empty_body_is_an_empty_batch():
    batch = parse_openmetrics(b"")
    assert batch.metrics.values.tolist() == []
    assert batch.exemplars is None


def test_samples_without_a_time_are_skipped_if_none_is_given():
    report = IngestReport()
    batch = parse_openmetrics(b"a 1\nb 2 1793534400000\n", report=report)
    assert values(batch) == {"b": 2.0}
    assert report.skipped == {"sample without a time, and none was given": 1}


@pytest.mark.parametrize("time", ["NaN", "+Inf", "99999999999999999999", "-1e30"])
def test_a_time_beyond_what_can_be_kept_is_no_time(time: str):
    report = IngestReport()
    batch = parse_openmetrics(f"a 1 {time}\nb 2 1793534400000\n".encode(), report=report)
    assert values(batch) == {"b": 2.0}
    assert report.skipped_total == 1


def test_labels_of_the_target_win_and_the_body_s_are_exported():
    batch = parse('x{job="own",a="b"} 1\ny 2\n', extra_labels={"job": "node", "instance": "h:1"})
    assert values(batch) == {
        'x{a="b",exported_job="own",instance="h:1",job="node"}': 1.0,
        'y{instance="h:1",job="node"}': 2.0,
    }


def test_exemplars_keep_their_trace_value_and_time():
    batch = parse(
        "# TYPE foo histogram\n"
        'foo_bucket{le="0.1"} 8 # {} 0.054\n'
        'foo_bucket{le="1"} 11 1793534400.5 # {trace_id="KOO5S4vxi0o",span_id="oHg5"} 0.67\n'
        'foo_bucket{le="+Inf"} 17 # {traceID="abc",other="x \\" # {"} 9.8 1520879607.789\n'
        "# EOF\n",
        content_type=OPENMETRICS,
    )
    assert batch.exemplars.schema == layout.EXEMPLARS
    rows = batch.exemplars.to_pylist()
    assert [(row["value"], row["trace_id"], row["span_id"]) for row in rows] == [
        (0.054, "", ""),
        (0.67, "KOO5S4vxi0o", "oHg5"),
        (9.8, "abc", ""),
    ]
    assert [row["timestamp"].value // 10**6 for row in rows] == [NOON_MS, NOON_MS + 500, 1520879607789]
    assert [dict(row["labels"])["le"] for row in rows] == ["0.1", "1", "+Inf"]


def test_a_broken_exemplar_costs_only_itself():
    report = IngestReport()
    batch = parse('x_total 1 # {trace_id="a"} nonsense\n# EOF\n', content_type=OPENMETRICS, report=report)
    assert values(batch) == {"x_total": 1.0}
    assert batch.exemplars.num_rows == 0
    assert report.skipped == {"exemplar that cannot be read": 1}


def test_many_scrapes_in_one_body_share_their_series():
    lines = [f'x{{a="{a}"}} {t} {NOON_MS + t * 15_000}' for t in range(20) for a in "pq"]
    batch = parse("\n".join(lines) + "\n")
    assert batch.metrics.series.num_rows == 2
    assert len(samples(batch)["x", (("a", "p"),)]) == 20


def test_a_parser_remembers_metadata_and_series_from_chunk_to_chunk():
    parser = ExpositionParser(IngestReport(), time_ms=NOON_MS)
    first = parser.feed(Lines(split_lines(b"# TYPE x counter\nx 1\n"), 1))
    second = parser.feed(Lines(split_lines(b"y 5\nx 2\nbroken\n"), 3))
    assert values(first) == {"x": 1.0}
    assert values(second) == {"x": 2.0, "y": 5.0}
    types = dict(
        zip(*(second.metrics.series[name].to_pylist() for name in ("metric_name", "metric_type")), strict=True)
    )
    assert types == {"x": "counter", "y": "unknown"}
    assert parser.report.examples[0].where == "line 5"


@settings(max_examples=80, deadline=None)
@given(NAMES, st.dictionaries(LABELS, TEXT, max_size=4), st.floats(allow_nan=False), st.integers(1, 2**41))
def test_any_sample_comes_back(name: str, labels: dict[str, str], value: float, time: int):
    inside = ",".join(f'{key}="{escaped(text)}"' for key, text in labels.items())
    report = IngestReport()
    batch = parse(f"{name}{{{inside}}} {value!r} {time}\n", content_type=PROMETHEUS, report=report)
    known = tuple(sorted((key, text) for key, text in labels.items() if text))
    assert report.skipped_total == 0
    assert samples(batch) == {(name, known): [(time, value)]}


@settings(max_examples=80, deadline=None)
@given(TEXT.filter(bool), st.dictionaries(TEXT.filter(bool), TEXT, max_size=3))
def test_any_quoted_name_and_labels_come_back(name: str, labels: dict[str, str]):
    inside = "".join(f',"{escaped(key)}"="{escaped(text)}"' for key, text in labels.items())
    batch = parse(f'{{"{escaped(name)}"{inside}}} 1\n')
    assert list(samples(batch)) == [(name, tuple(sorted((key, text) for key, text in labels.items() if text)))]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_garbage_is_counted_and_never_an_exception(body: bytes):
    report = IngestReport()
    batch = parse_openmetrics(body, time_ms=1, report=report)
    said = len(batch.metrics.values) + report.skipped_total
    lines = [line for line in split_lines(body).to_pylist() if line.strip() and not line.strip().startswith("#")]
    assert said >= len(lines)
