"""Every declared incident shows in every signal that it declares, measured inside against outside."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from obslib.demo.clock import LOG_DAYS, NOW, SPAN_DAYS
from obslib.demo.incidents import declared
from obslib.demo.logs.template import templates
from obslib.demo.metrics.families import FAMILIES

INCIDENTS = {one.name: one for one in declared()}
NEAR = 360
"""Minutes before and after an incident that it is compared with."""
SMOOTH = 10


def _with(signal: str) -> list[str]:
    return [name for name, one in INCIDENTS.items() if signal in one.signals]


def _robust_z(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Distance of the inner values from the median of the others, in their robust standard deviations."""
    outside = values[~inside & np.isfinite(values)]
    centre = np.median(outside)
    spread = max(1.4826 * np.median(np.abs(outside - centre)), 1e-9, 0.02 * abs(centre))
    return (values[inside & np.isfinite(values)] - centre) / spread


def _cause_signal(history, selector: str) -> np.ndarray:
    """The series that a selector names, summed; counters as increase per minute."""
    name, _, rest = selector.partition("{")
    wanted = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    size = history.platform.grid.size
    total = np.full(size, np.nan)
    for one in history.series:
        if one.name == name and wanted.items() <= dict(one.labels).items():
            values = np.full(size + 1, np.nan)
            values[one.first : one.first + len(one.values)] = one.values
            values = np.where(np.isnan(values), np.nan, values)[:size]  # stale markers are signalling
            if FAMILIES.get(name, FAMILIES.get(re.sub("_(bucket|sum|count)$", "", name))).kind != "gauge":
                values = np.diff(values, prepend=np.nan)
                values[values < 0] = np.nan
            total = np.where(np.isnan(total), values, total + np.nan_to_num(values))
    return total


@pytest.mark.parametrize("name", _with("metrics"))
def test_the_cause_metric_leaves_its_usual_range(history, name):
    incident, grid = INCIDENTS[name], history.platform.grid
    start, end = grid.minute(incident.start), grid.minute(incident.end)
    signal = _cause_signal(history, incident.cause_metric)
    if incident.cause_metric.startswith("probe_ssl"):
        signal = np.minimum(signal - grid.ms / 1e3, 0.0)  # seconds since it ran out
    for other in INCIDENTS.values():
        if other is not incident and grid.minute(other.end) - grid.minute(other.start) < NEAR:
            signal[grid.minute(other.start) : grid.minute(other.end) + SMOOTH] = np.nan
    near = slice(max(start - NEAR, 0), min(end + NEAR, grid.size))
    minutes = np.arange(grid.size)[near]
    smooth = pd.Series(signal[near]).rolling(SMOOTH, min_periods=1).mean().to_numpy()
    z = _robust_z(smooth, (minutes >= start) & (minutes < end))
    assert np.percentile(np.abs(z), 90) > 4


@pytest.mark.parametrize("name", _with("logs"))
def test_its_own_lines_appear_with_it(log_frame, name):
    incident = INCIDENTS[name]
    start, end = pd.Timestamp(incident.start), pd.Timestamp(incident.end)
    assert start >= NOW - pd.Timedelta(days=LOG_DAYS)
    keys = {effect.target for effect in incident.effects if effect.knob == "lines"}
    for template in (one for one in templates() if one.key in keys):
        pattern = re.sub(r"<\w+>", ".*", re.escape(template.body).replace(r"\<", "<").replace(r"\>", ">"))
        mine = log_frame[log_frame["service_name"] == template.service]
        written = mine[mine["body"].str.fullmatch(pattern)]
        inside = written["timestamp"].between(start, end + pd.Timedelta(minutes=15)).sum()
        assert inside >= 1
        assert inside >= 0.5 * len(written)


SPAN_SYMPTOMS = {
    "memory leak": ("slower", 1.4),
    "login brute force": ("more", 8.0),
    "lock contention": ("slower", 10.0),
    "connection pool exhausted": ("slower", 20.0),
    "cache stampede": ("more", 3.0),
    "noisy neighbour": ("slower", 1.8),
    "traffic surge": ("more", 2.0),
    "slow third party": ("slower", 10.0),
    "retry storm": ("failing", 0.4),
    "SQL injection probes": ("more", 2.5),
    "stuck queue": ("fewer", 0.05),
    "silent drop of price alerts": ("fewer", 0.25),
    "release slows one endpoint": ("slower", 8.0),
}
"""What changes in the spans of the cause service (or of the calls to it), and by how much at least."""


@pytest.mark.parametrize("name", _with("spans"))
def test_calls_of_the_cause_change_as_its_kind_of_incident_does(span_frame, name):
    incident = INCIDENTS[name]
    start, end = pd.Timestamp(incident.start), pd.Timestamp(incident.end)
    assert start >= NOW - pd.Timedelta(days=SPAN_DAYS)
    around = pd.Timedelta(hours=3)
    near = span_frame[span_frame["timestamp"].between(start - around, end + around)]
    near = near[(near["service_name"] == incident.service) | (near["db"] == incident.service)]
    for other in INCIDENTS.values():
        first, last = pd.Timestamp(other.start), pd.Timestamp(other.end)
        if other is not incident and last - first < pd.Timedelta(minutes=NEAR):
            near = near[~near["timestamp"].between(first, last)]
    change = _changes(near, near["timestamp"].between(start, end), end - start)
    symptom, least = SPAN_SYMPTOMS[name]
    if symptom == "fewer":
        assert change["more"].min() <= least
    else:
        assert change[symptom].max() >= least


def _changes(spans: pd.DataFrame, inside: pd.Series, length: pd.Timedelta) -> pd.DataFrame:
    """Per operation: p90 as a multiple, error share as a difference, rate as a multiple of outside."""
    grouped = spans.groupby(["service_name", "span_name", inside.rename("inside")], observed=True)
    table = pd.DataFrame(
        {"slow": grouped["duration"].quantile(0.9), "failing": grouped["failed"].mean(), "count": grouped.size()}
    )
    table = table.unstack("inside")  # noqa: PD010 - the index is unique, nothing to aggregate
    table = table.reindex(columns=pd.MultiIndex.from_product([["slow", "failing", "count"], [False, True]]))
    table["count"] = table["count"].fillna(0)
    table = table[table[("count", False)] >= 10]
    minutes = spans["timestamp"][~inside].dt.floor("min").nunique()
    share = length / pd.Timedelta(minutes=minutes)
    count = table["count"]
    few = count[True] < 5
    return pd.DataFrame(
        {
            "slower": (table["slow"][True] / table["slow"][False]).mask(few),
            "failing": (table["failing"][True] - table["failing"][False]).mask(few),
            "more": count[True] / count[False] / share,
        }
    )


@pytest.mark.parametrize("name", _with("events"))
def test_an_alert_fired_and_a_ticket_was_opened_that_does_not_name_the_cause(all_events, name):
    incident = INCIDENTS[name]
    start, end = pd.Timestamp(incident.start), pd.Timestamp(incident.end)
    during = all_events[all_events["start_timestamp"].between(start, end)]
    assert set(incident.alerts) <= set(during[during["event_kind"] == "alert"]["event_name"])
    ticket = during[(during["event_kind"] == "incident") & (during["event_name"] == incident.title)]
    assert len(ticket) == 1
    assert incident.name not in ticket["event_attributes"].iloc[0]
    assert incident.cause_metric.partition("{")[0] not in ticket["event_attributes"].iloc[0]


@pytest.mark.parametrize("name", _with("spans"))
def test_services_said_to_be_affected_have_spans_or_are_the_databases(recent, name):
    seen = set(recent.spans["service_name"].to_pandas().unique()) | {"postgresql", "redis"}
    assert set(INCIDENTS[name].affected) <= seen
