"""Logs: variety, formats, links to spans, and what fills the templates."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from obslib.core.frames import SEVERITIES
from obslib.demo.ids import stream
from obslib.demo.logs.slots import _MAKERS, NUMBERS, Subjects
from obslib.demo.logs.template import SEVERITY_NUMBERS, fill, templates
from obslib.demo.people import WORDS
from obslib.demo.routes import ROUTES

SLOT = re.compile(r"<(\w+)>")


def subjects(count: int = 5) -> Subjects:
    return Subjects(np.arange(count) * 10**9, pa.array([f"pod-{i}" for i in range(count)]), stream(1, "test"))


def pattern(body: str) -> str:
    return "".join(".*" if place % 2 else re.escape(part) for place, part in enumerate(SLOT.split(body)))


def test_there_are_many_kinds_of_lines():
    assert len(templates()) >= 150
    assert len({one.key for one in templates()}) == len(templates())


def test_every_template_is_complete_and_its_slots_can_be_filled():
    known = {*WORDS, *NUMBERS, *_MAKERS}
    for template in templates():
        assert template.severity in SEVERITY_NUMBERS
        assert set(SLOT.findall(template.body + template.attributes)) <= known, template.key
        filled = fill("{" + template.attributes + "}", 5, subjects().slot)
        assert all(isinstance(json.loads(text), dict) for text in filled.to_pylist()), template.key


def test_every_line_of_requests_names_a_span_that_exists():
    names = {(call.service, call.name) for route in ROUTES for call in route.nodes}
    for template in templates():
        if template.on and template.on[0] != "*":
            assert (template.service, template.on[0]) in names, template.key


def test_most_templates_are_written_and_rare_ones_are_rare(log_frame):
    seen = {}
    for service, lines in log_frame.groupby("service_name", observed=True):
        bodies = lines["body"].drop_duplicates()
        for template in (one for one in templates() if one.service == service):
            matches = bodies.str.fullmatch(pattern(template.body), flags=re.DOTALL)
            seen[template.key] = int(lines["body"].isin(bodies[matches]).sum())
    assert sum(count > 0 for count in seen.values()) >= 150
    assert sum(0 < count <= 20 for count in seen.values()) >= 10


def test_severities_are_mixed_and_mostly_harmless(log_frame):
    share = log_frame["severity_text"].value_counts(normalize=True)
    assert set(share.index) <= set(SEVERITIES)
    assert share["INFO"] > 0.6
    assert 0.01 < share["WARN"] < 0.15
    assert 0.003 < share["ERROR"] < 0.06
    assert share["FATAL"] > 0


def test_trace_and_span_of_a_line_exist_and_belong_together(recent):
    linked = recent.logs.filter(pc.not_equal(recent.logs["trace_id"], ""))
    assert linked.num_rows > 0.2 * recent.logs.num_rows
    spans = (
        recent.spans.select(
            ["span_id", "trace_id", "service_name", "service_instance_id", "timestamp", "end_timestamp"]
        )
        .to_pandas()
        .set_index("span_id")
    )
    lines = linked.select(["span_id", "trace_id", "service_name", "service_instance_id", "timestamp"]).to_pandas()
    found = spans.reindex(lines["span_id"])
    assert found["trace_id"].notna().mean() > 0.9999
    assert (found["trace_id"].to_numpy() == lines["trace_id"].to_numpy()).mean() > 0.9999
    for column in ("service_name", "service_instance_id"):
        assert (found[column].astype(str).to_numpy() == lines[column].astype(str).to_numpy()).mean() > 0.9999
    slack = pd.Timedelta(milliseconds=2)
    time, started = pd.DatetimeIndex(lines["timestamp"]), pd.DatetimeIndex(found["timestamp"])
    ended = pd.to_datetime(found["end_timestamp"].to_numpy(), utc=True)
    assert ((time >= started - slack) & (time <= ended + slack)).mean() > 0.999


def test_lines_before_the_spans_have_no_trace(recent):
    first = pc.min(recent.spans["timestamp"])
    before = recent.logs.filter(
        pc.less(recent.logs["timestamp"], pc.subtract(first, pa.scalar(10**11, pa.duration("ns"))))
    )
    assert before.num_rows > 1_000
    assert pc.all(pc.equal(before["trace_id"], "")).as_py()


def test_access_log_is_in_combined_format(log_frame):
    access = log_frame[(log_frame["service_name"] == "web") & log_frame["body"].str.contains("HTTP/1.1")]
    access = access[access["severity_text"] == "INFO"]["body"]
    combined = r'[\d.]+ - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\] "[A-Z]+ \S+ HTTP/1\.1" \d{3} \d+ "[^"]*" "[^"]+"'
    assert access.str.fullmatch(combined).all()
    assert access.str.extract(r'" (\d{3}) ')[0].nunique() >= 6


def test_access_log_agrees_with_the_clock_of_its_record(log_frame):
    access = log_frame[
        (log_frame["service_name"] == "web") & log_frame["body"].str.contains(r"\[\d\d/", regex=True)
    ].head(500)
    written = pd.to_datetime(access["body"].str.extract(r"\[([^\]]+)\]")[0], format="%d/%b/%Y:%H:%M:%S %z", utc=True)
    assert (written.to_numpy() == access["timestamp"].dt.floor("s").to_numpy()).all()


def test_stack_traces_have_lines_and_a_type(recent):
    traced = recent.logs.filter(pc.match_substring(recent.logs["log_attributes"], "exception.stacktrace"))
    assert traced.num_rows > 20
    for text in traced["log_attributes"].slice(0, 50).to_pylist():
        told = json.loads(text)
        assert told["exception.stacktrace"].count("\n") >= 2
        assert told["exception.type"]


def test_brute_force_comes_from_few_addresses(recent):
    failed = recent.logs.filter(
        pc.and_(pc.equal(recent.logs["service_name"], "auth"), pc.match_substring(recent.logs["body"], "login failed"))
    )
    told = failed.to_pandas()
    attack = told[told["timestamp"].between(pd.Timestamp("2026-11-01T02:45Z"), pd.Timestamp("2026-11-01T03:25Z"))]
    address = attack["log_attributes"].str.extract(r'client.address":"([^"]+)"')[0]
    assert address.isin(WORDS["attacker"]).mean() > 0.9


def test_injection_probes_stand_in_the_access_log_and_in_the_spans_of_the_same_addresses(recent, log_frame):
    access = log_frame[(log_frame["service_name"] == "web") & log_frame["body"].str.contains("/api/v1/search")]
    probing = access[access["body"].str.contains(r"UNION|SELECT|DROP|%27", regex=True)]
    begin, end = pd.Timestamp("2026-11-02T00:19Z"), pd.Timestamp("2026-11-02T01:15Z")
    assert len(probing) > 20
    assert probing["timestamp"].between(begin, end).all()
    written = set(probing["body"].str.extract(r"^([\d.]+) - -")[0].dropna())
    assert written <= set(WORDS["scanner"])
    spans = recent.spans.filter(pc.match_substring(recent.spans["span_attributes"], "sqlmap"))
    assert spans.num_rows > 0
    assert pc.min(spans["timestamp"]).as_py() >= pd.Timestamp("2026-11-01T02:00Z")


def test_a_span_and_its_access_line_name_the_same_client(recent):
    spans = recent.spans.filter(pc.match_substring(recent.spans["span_attributes"], "client.address")).slice(0, 20_000)
    told = spans.select(["span_id", "span_attributes"]).to_pandas().set_index("span_id")["span_attributes"]
    lines = (
        recent.logs.filter(pc.is_in(recent.logs["span_id"], spans["span_id"])).select(["span_id", "body"]).to_pandas()
    )
    lines["address"] = lines["body"].str.extract(r"^([\d.]+) - -")[0]
    lines = lines.dropna()
    assert len(lines) > 1_000
    named = told.loc[lines["span_id"]].str.extract(r'client.address":"([^"]+)"')[0]
    assert (named.to_numpy() == lines["address"].to_numpy()).all()


def test_lines_of_nodes_name_the_node_that_wrote_them(recent):
    nodes = recent.logs.filter(
        pc.is_in(recent.logs["service_name"].cast(pa.string()), pa.array(["kernel", "kubelet"]))
    ).to_pandas()
    inside = nodes["log_attributes"].map(lambda text: json.loads(text)["node"])
    assert (inside == nodes["service_instance_id"].astype(str)).all()


def test_records_are_observed_a_little_after_they_happened(recent):
    delay = recent.logs["observed_timestamp"].to_numpy() - recent.logs["timestamp"].cast(pa.int64()).to_numpy()
    assert (delay > 0).all()
    assert (delay <= 2 * 10**9).all()


@pytest.mark.parametrize("name", ["product", "user", "ip", "ms", "price", "bytes", "path"])
def test_a_slot_keeps_its_value_within_a_line(name):
    about = subjects()
    assert about.slot(name).equals(about.slot(name))
