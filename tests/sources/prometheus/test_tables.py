"""Saved answers of the smaller endpoints (shapes of Prometheus 2.42 and 3.16) as tables."""

from __future__ import annotations

import msgspec
import numpy as np
import pandas as pd
import pytest

from obslib.core.frames import EVENTS, TIME, metric_frame
from obslib.sources.prometheus import tables

ALERTS = b"""{"alerts":[
 {"labels":{"alertname":"DiskFull","severity":"page","service":"db","kind":"disk","instance":"n2"},
  "annotations":{"summary":"Disk of n2"},"state":"firing","activeAt":"2026-03-01T10:05:00.123456789Z",
  "value":"9.5e+01"},
 {"labels":{"alertname":"Slow"},"annotations":{},"state":"pending","activeAt":"2026-03-01T10:00:00Z","value":"+Inf"}]}"""

RULES = b"""{"groups":[{"name":"g","file":"/etc/r.yml","interval":15,"limit":0,"evaluationTime":0.1,
 "lastEvaluation":"2026-03-01T10:00:00Z","rules":[
 {"state":"firing","name":"DiskFull","query":"disk > 90","duration":300,"labels":{"severity":"page"},"annotations":{},
  "alerts":[],"health":"ok","evaluationTime":0.002,"lastEvaluation":"2026-03-01T10:00:00.5Z","type":"alerting"},
 {"name":"job:x:sum","query":"sum(x)","health":"err","lastError":"vector contains metrics with the same labelset",
  "evaluationTime":0,"lastEvaluation":"0001-01-01T00:00:00Z","type":"recording"}]}]}"""

TARGETS = b"""{"activeTargets":[
 {"discoveredLabels":{},"labels":{"instance":"a:1","job":"node"},"scrapePool":"node","scrapeUrl":"http://a:1/metrics",
  "globalUrl":"","lastError":"","lastScrape":"2026-03-01T10:00:00Z","lastScrapeDuration":0.5,"health":"up"},
 {"discoveredLabels":{},"labels":{"instance":"b:1","job":"node"},"scrapePool":"node","scrapeUrl":"http://b:1/metrics",
  "globalUrl":"","lastError":"connection refused","lastScrape":"0001-01-01T00:00:00Z","lastScrapeDuration":0,
  "health":"down"}],"droppedTargets":[]}"""

EXEMPLARS = b"""[{"seriesLabels":{"__name__":"h_bucket","le":"1","value":"odd"},"exemplars":[
 {"labels":{"traceID":"ab12","span_id":"cd","user":"eve"},"value":"0.7","timestamp":1772323260.5},
 {"labels":{"trace_id":"ef34"},"value":"0.1","timestamp":1772323200}]}]"""

METADATA = b"""{"up":[{"type":"gauge","help":"1 if up","unit":""}],
 "a_seconds":[{"type":"counter","help":"A","unit":"seconds"},{"type":"gauge","help":"B","unit":""}]}"""

TSDB = b"""{"headStats":{"numSeries":508},"seriesCountByMetricName":[{"name":"a","value":7},{"name":"b","value":20}],
 "labelValueCountByLabelName":[{"name":"__name__","value":211}]}"""


def read(text, kind):
    return msgspec.json.decode(text, type=kind)


def test_active_alerts_are_events_by_start():
    events = EVENTS.check(tables.alerts_table(read(ALERTS, tables.Alerts)))
    assert events["name"].tolist() == ["Slow", "DiskFull"]
    assert events["start"].tolist() == [
        pd.Timestamp("2026-03-01T10:00Z"),
        pd.Timestamp("2026-03-01T10:05:00.123456789Z"),
    ]
    assert events["end"].isna().all()
    assert events["state"].tolist() == ["pending", "firing"]
    assert events["value"].tolist() == [np.inf, 95.0]
    assert events["severity"].isna().tolist() == [True, False]
    assert events.loc[1, ["service", "label.kind", "instance", "annotation.summary"]].tolist() == [
        "db",
        "disk",
        "n2",
        "Disk of n2",
    ]


def test_rules_are_a_table_with_their_last_error():
    rules = tables.rules_table(read(RULES, tables.Groups))
    assert rules["kind"].tolist() == ["alerting", "recording"]
    assert rules["last_error"].tolist() == ["", "vector contains metrics with the same labelset"]
    assert rules["last_run"].isna().tolist() == [False, True]
    assert rules["for_seconds"].tolist()[0] == 300
    assert np.isnan(rules["for_seconds"].tolist()[1])


def test_targets_that_are_down_come_first():
    targets = tables.targets_table(read(TARGETS, tables.Targets))
    assert targets["instance"].tolist() == ["b:1", "a:1"]
    assert targets["up"].tolist() == [False, True]
    assert targets["last_error"].tolist() == ["connection refused", ""]
    assert targets["last_scrape"].isna().tolist() == [True, False]


def test_exemplars_are_rows_by_time_with_their_trace():
    table = tables.exemplars_table(read(EXEMPLARS, list[tables.Exemplars]))
    assert table["trace_id"].tolist() == ["ef34", "ab12"]
    assert table["span_id"].tolist() == ["", "cd"]
    assert table["value"].tolist() == [0.1, 0.7]
    assert table["label.value"].tolist() == ["odd", "odd"]
    assert table["exemplar.user"].tolist() == ["", "eve"]
    assert str(table["time"].dtype) == TIME
    assert table["time"].iloc[1] == pd.Timestamp(1_772_323_260_500, unit="ms", tz="UTC")


def test_metadata_has_a_row_per_description():
    table = tables.metadata_table(read(METADATA, dict[str, list[tables.Meta]]))
    assert table.to_numpy().tolist() == [
        ["a_seconds", "counter", "seconds", "A"],
        ["a_seconds", "gauge", "", "B"],
        ["up", "gauge", "", "1 if up"],
    ]


def test_cardinality_is_largest_first():
    table = tables.cardinality_table(read(TSDB, dict[str, object]))
    assert table.to_numpy().tolist() == [
        ["labelValueCountByLabelName", "__name__", 211],
        ["seriesCountByMetricName", "b", 20],
        ["seriesCountByMetricName", "a", 7],
    ]


@pytest.mark.parametrize(
    "table",
    [
        tables.alerts_table(tables.Alerts([])),
        tables.rules_table(tables.Groups([])),
        tables.targets_table(tables.Targets([])),
        tables.exemplars_table([]),
        tables.metadata_table({}),
        tables.cardinality_table({}),
        tables.series_table([]),
        tables.firing_table(metric_frame(pd.date_range("2026-03-01", periods=3, tz="UTC"), [], [])),
    ],
)
def test_nothing_is_an_empty_table(table):
    assert len(table) == 0


@pytest.mark.parametrize(
    ("row", "spans"),
    [
        ([1, 1, 1], [(0, None)]),
        ([0, 1, 0], [(1, 2)]),
        ([1, 0, 1], [(0, 1), (2, None)]),
        ([0, 0, 0], []),
        ([0, 0, 1], [(2, None)]),
    ],
)
def test_an_alert_lasts_from_its_first_step_to_the_first_without_it(row, spans):
    grid = pd.date_range("2026-03-01", periods=3, freq="1min", tz="UTC")
    values = np.where(np.array(row) == 1, 1.0, np.nan).reshape(3, 1)
    events = tables.firing_table(metric_frame(grid, values, [{"__name__": "ALERTS", "alertname": "A"}]))
    starts, ends = zip(*spans, strict=True) if spans else ((), ())
    assert events["start"].tolist() == [grid[start] for start in starts]
    assert events["end"].notna().tolist() == [end is not None for end in ends]
    assert events["end"].dropna().tolist() == [grid[end] for end in ends if end is not None]
