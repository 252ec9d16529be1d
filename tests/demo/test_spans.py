"""Spans: trees that hold together, conventions, skewed clocks, and agreement with the metrics."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest

from obslib.demo.metrics.http import BUCKETS
from obslib.demo.topology import NODES
from tests.demo.reading import named


@pytest.fixture(scope="module")
def tree(recent) -> pd.DataFrame:
    """Spans with their parents' columns beside them (`_up`); roots have none."""
    columns = [
        "trace_id",
        "span_id",
        "parent_span_id",
        "service_name",
        "span_name",
        "span_kind",
        "timestamp",
        "duration",
        "status_code",
        "service_instance_id",
    ]
    spans = recent.spans.select([*columns, "resource_attributes"]).to_pandas()
    spans["node"] = spans.pop("resource_attributes").astype(str).str.extract(r'k8s.node.name":"([^"]+)"', expand=False)
    return spans.merge(
        spans.drop(columns=["parent_span_id"]),
        left_on="parent_span_id",
        right_on="span_id",
        how="left",
        suffixes=("", "_up"),
    )


def test_ids_are_unique_lower_case_hex(recent):
    ids = recent.spans["span_id"]
    assert pc.count_distinct(ids).as_py() == len(ids)
    assert pc.all(pc.match_substring_regex(ids, "^[0-9a-f]{16}$")).as_py()
    assert pc.all(pc.match_substring_regex(recent.spans["trace_id"], "^[0-9a-f]{32}$")).as_py()


def test_every_parent_exists_in_the_same_trace_and_every_trace_has_one_root(tree):
    children = tree[tree["parent_span_id"] != ""]
    assert children["span_id_up"].notna().mean() > 0.9999  # work that ran past the end of the data
    known = children[children["span_id_up"].notna()]
    assert (known["trace_id"] == known["trace_id_up"]).all()
    roots = tree[tree["parent_span_id"] == ""]
    assert roots["trace_id"].is_unique
    assert set(tree["trace_id"]) == set(roots["trace_id"])


def test_children_lie_within_their_parents_unless_a_queue_or_a_clock_is_between(tree):
    known = tree[tree["span_id_up"].notna() & (tree["span_kind"] != 5)]
    same_clock = known[(known["node"] == "ff-node-6") == (known["node_up"] == "ff-node-6")]
    start, end = same_clock["timestamp"], same_clock["timestamp"] + pd.to_timedelta(same_clock["duration"], unit="ns")
    end_up = same_clock["timestamp_up"] + pd.to_timedelta(same_clock["duration_up"], unit="ns")
    slack = pd.Timedelta(microseconds=50)
    assert (start >= same_clock["timestamp_up"] - slack).all()
    assert (end <= end_up + slack).mean() > 0.999


def test_the_clock_of_one_node_is_ahead(tree):
    skewed = next(node for node in NODES if node.skew)
    calls = tree[(tree["span_kind"] == 2) & (tree["span_kind_up"] == 3)]
    lag = (calls["timestamp"] - calls["timestamp_up"]).dt.total_seconds()
    there = (calls["node"] == skewed.name) & (calls["node_up"] != skewed.name)
    assert lag[there].median() == pytest.approx(skewed.skew, abs=0.002)
    assert abs(lag[(calls["node"] != skewed.name) & (calls["node_up"] != skewed.name)].median()) < 0.002


def test_tasks_begin_after_they_were_sent_and_have_producers_above(tree):
    tasks = tree[(tree["span_kind"] == 5) & tree["span_id_up"].notna()]
    assert (tasks["span_kind_up"] == 4).all()
    wait = (tasks["timestamp"] - tasks["timestamp_up"]).dt.total_seconds()
    assert wait.median() > 0.2
    assert (wait > 600).sum() > 20  # while the queue stood still


def test_trees_have_fan_out_cache_misses_n_plus_one_and_retries(tree, recent):
    gateway = tree[(tree["service_name"] == "api-gateway") & (tree["span_name"] == "GET") & tree["span_id_up"].notna()]
    per_parent = gateway.groupby("parent_span_id").size()
    assert per_parent.max() >= 3
    sets = tree[(tree["span_name"] == "SET") & (tree["service_name"] == "catalog")]
    gets = tree[(tree["span_name"] == "GET") & (tree["service_name"] == "catalog")]
    assert 0.1 < len(sets) / len(gets) < 0.6
    repeated = tree[(tree["span_name"] == "SELECT products") & (tree["service_name"] == "price-alerts")]
    assert repeated.groupby("parent_span_id").size().max() >= 8
    assert pc.sum(pc.match_substring(recent.spans["span_attributes"], "resend_count")).as_py() > 20


def test_parallel_calls_overlap(tree):
    gateway = tree[(tree["span_name_up"] == "GET /api/v1/recommendations") & (tree["service_name_up"] == "api-gateway")]
    starts = gateway.groupby("parent_span_id")["timestamp"].agg(["nunique", "size"])
    assert (starts[starts["size"] == 3]["nunique"] == 1).mean() > 0.95


def test_attributes_follow_the_semantic_conventions(recent):
    frame = (
        recent.spans.select(["span_kind", "service_name", "span_name", "span_attributes", "status_code"])
        .slice(0, 30_000)
        .to_pandas()
    )
    told = frame["span_attributes"].map(json.loads)
    server = told[frame["span_kind"] == 2]
    assert server.map(
        lambda one: {"http.request.method", "http.route", "http.response.status_code"} <= one.keys()
    ).all()
    database = told[told.map(lambda one: "db.system.name" in one)]
    assert set(database.map(lambda one: one["db.system.name"])) == {"postgresql", "redis"}
    queries = database[database.map(lambda one: one["db.system.name"] == "postgresql")]
    assert queries.map(lambda one: "db.query.summary" in one and "db.query.text" in one).all()
    code = server.map(lambda one: one["http.response.status_code"])
    assert ((code >= 500) == (frame["status_code"][server.index] == 2)).all()


def test_resources_name_pod_node_and_version(recent):
    for text in pc.unique(recent.spans["resource_attributes"]).to_pylist():
        assert {"service.name", "service.version", "k8s.pod.name", "k8s.node.name", "host.name"} <= json.loads(
            text
        ).keys()


def test_failures_carry_an_exception_and_a_message(recent):
    broken = recent.spans.filter(pc.not_equal(recent.spans["events_json"], "[]")).slice(0, 2_000).to_pylist()
    assert len(broken) > 200
    for span in broken:
        event = json.loads(span["events_json"])[0]
        assert event["name"] == "exception"
        assert event["timestamp"] == span["end_timestamp"]
        assert event["attributes"]["exception.message"] == span["status_message"]
        assert span["status_code"] == 2


def test_a_failing_callee_fails_its_callers(tree):
    failing = tree[
        (tree["status_code"] == 2)
        & (tree["span_kind"] == 2)
        & (tree["service_name"] == "users")
        & tree["span_id_up"].notna()
    ]
    assert (failing["status_code_up"] == 2).all()


def test_latency_of_spans_and_histograms_agrees(recent, history):
    spans = recent.spans.select(["service_name", "span_name", "span_kind", "duration"]).to_pandas()
    spans = spans[spans["span_kind"] == 2]
    compared = 0
    for one in named(history, "http_server_request_duration_seconds_bucket", le="+Inf"):
        labels = {key: one.labels[key] for key in ("service", "method", "route")}
        mine = spans[
            (spans["service_name"] == labels["service"])
            & (spans["span_name"] == f"{labels['method']} {labels['route']}")
        ]
        if len(mine) < 400:
            continue
        total = np.nansum(_grown(one))
        for bound in (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0):
            assert bound in BUCKETS
            bucket = named(history, "http_server_request_duration_seconds_bucket", le=_le(bound), **labels)[0]
            assert np.nansum(_grown(bucket)) / total == pytest.approx(
                (mine["duration"] <= bound * 1e9).mean(), abs=0.085
            ), (labels, bound)
        compared += 1
    assert compared >= 15


def _le(bound: float) -> str:
    return f"{bound:.1f}" if bound == int(bound) else f"{bound:g}"


def _grown(one) -> np.ndarray:
    """Increase per minute of the last two days."""
    values = np.where(np.isnan(one.values), np.nan, one.values)[-2_880:]
    grown = np.diff(values)
    return np.where(grown < 0, np.nan, grown)


def test_exemplars_point_at_spans_of_their_series(recent):
    spans = recent.spans.select(["trace_id", "span_id", "service_name", "duration"]).to_pandas().set_index("span_id")
    exemplars = recent.exemplars.to_pandas()
    found = spans.loc[exemplars["span_id"]]
    assert (found["trace_id"].to_numpy() == exemplars["trace_id"].to_numpy()).all()
    assert (found["service_name"].astype(str).to_numpy() == [dict(one)["service"] for one in exemplars["labels"]]).all()
    assert np.allclose(found["duration"].to_numpy() / 1e9, exemplars["value"])
