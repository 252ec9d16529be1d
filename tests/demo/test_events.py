"""Events as people and tools saw them."""

from __future__ import annotations

import json
from itertools import pairwise

import pandas as pd

from obslib.demo.events import events_table
from obslib.demo.topology import BY_NAME


def test_all_kinds_of_events_are_there(all_events):
    counts = all_events["event_kind"].value_counts()
    assert {"deploy", "config_change", "campaign", "alert", "incident"} <= set(counts.index)
    assert counts["deploy"] >= 30
    assert counts["campaign"] == 3


def test_incident_tickets_allow_mean_time_to_repair_and_between_failures(all_events):
    tickets = all_events[all_events["event_kind"] == "incident"].sort_values("start_timestamp")
    told = tickets["event_attributes"].map(json.loads)
    acknowledged, resolved = (
        pd.to_datetime(told.map(lambda one, k=key: one[k])) for key in ("acknowledged", "resolved")
    )
    assert (tickets["start_timestamp"] <= acknowledged).all()
    assert (acknowledged < resolved).all()
    repair = (resolved - tickets["start_timestamp"]).mean()
    between = tickets["start_timestamp"].diff().mean()
    assert pd.Timedelta(minutes=20) < repair < pd.Timedelta(hours=6)
    assert between > pd.Timedelta(hours=6)
    assert told.map(lambda one: one["id"]).is_unique
    assert set(tickets["severity_text"]) == {"critical", "high", "medium", "low"}


def test_deploys_say_version_and_predecessor_and_rollbacks_return_to_it(all_events):
    deploys = all_events[all_events["event_kind"] == "deploy"]
    for service, rows in deploys.groupby("service_name", observed=True):
        told = [json.loads(text) for text in rows.sort_values("start_timestamp")["event_attributes"]]
        for earlier, later in pairwise(told):
            assert later["previous_version"] == earlier["service.version"], service
            if later["deployment.kind"] == "rollback":
                assert later["service.version"] == earlier["previous_version"]


def test_blocks_partition_the_events(history):
    platform = history.platform
    whole = events_table(platform, 0, platform.grid.size)
    parts = [events_table(platform, lo, hi) for lo, hi in platform.grid.blocks()]
    assert sum(part.num_rows for part in parts) == whole.num_rows


def test_events_name_services_of_the_platform(all_events):
    assert set(all_events["service_name"]) <= set(BY_NAME)


def test_some_alerts_are_noise(all_events, history):
    alerts = all_events[all_events["event_kind"] == "alert"]
    inside = pd.Series(False, index=alerts.index)
    for one in history.platform.incidents:
        grid = history.platform.grid
        inside |= alerts["start_timestamp"].between(grid.moment(one.start), grid.moment(one.end))
    assert 5 <= (~inside).sum() <= 60
