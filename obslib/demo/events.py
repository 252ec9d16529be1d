"""Events as people and tools saw them: releases, changes, campaigns, alerts, incidents. No causes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from obslib.core.layout import EVENTS
from obslib.demo.ids import pod_suffix
from obslib.demo.incidents import Placed
from obslib.demo.load import CAMPAIGNS
from obslib.demo.platform import Platform
from obslib.demo.spans import to_json

ALERT_SEVERITY = {"critical": "critical", "high": "critical", "medium": "warning", "low": "warning"}
NOISE_ALERTS = ("HighLatencyP95", "NodeCPUHigh", "QueueDepthHigh", "HighErrorRate", "ContainerThrottled")
MINOR_PER_WEEK = 1.6
ROLES = ("anna.keller", "jonas.wirth", "mira.popova", "sam.okafor")
SETTINGS = (
    ("catalog", "cache.ttl 300 -> 600"),
    ("api-gateway", "rate limit 100 -> 120 per minute"),
    ("scraper", "shops: added hemden24.example"),
    ("notifications", "digest at 06:30"),
    ("price-tracker", "outlier threshold 4 -> 5"),
    ("web", "gzip level 4 -> 5"),
    ("auth", "session lifetime 12h -> 24h"),
)


def events_table(platform: Platform, lo: int, hi: int) -> pa.Table:
    """Every event that starts in minutes `lo` to `hi`, by start, as EVENTS of `obslib.core.layout`."""
    rows = [*_releases(platform), *_campaigns(platform), *_changes(platform), *_noise(platform)]
    for one in platform.incidents:
        rows += _incident(platform, one)
    kept = sorted((row for row in rows if lo <= row[0] < hi), key=lambda row: (row[0], row[2], row[3]))
    return _table(platform, kept)


Row = tuple[float, float, str, str, str, str, str, str]
"""Start and end (minutes; NaN while it lasts), kind, name, severity, service, source, attributes."""


def _table(platform: Platform, rows: list[Row]) -> pa.Table:
    start, end, *texts = ([row[column] for row in rows] for column in range(8))
    moments = [platform.grid.nanoseconds(np.nan_to_num(np.array(column, dtype=np.float64))) for column in (start, end)]
    open_end = np.isnan(np.array(end, dtype=np.float64))
    columns = [
        pa.array(moments[0]).cast(pa.timestamp("ns", "UTC")),
        pa.array(moments[1], mask=open_end).cast(pa.timestamp("ns", "UTC")),
        *(pa.array(column, pa.string()) for column in texts),
    ]
    arrays = [
        column.dictionary_encode() if pa.types.is_dictionary(field.type) else column
        for column, field in zip(columns, EVENTS, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=EVENTS)


def _releases(platform: Platform) -> list[Row]:
    rows = []
    for release in platform.fleet.releases:
        attributes = {
            "service.version": release.version,
            "previous_version": release.previous,
            "deployment.kind": release.kind,
            "vcs.revision": pod_suffix(platform.rng("revision", release.service, release.version), 8),
        }
        name = f"{release.service} {release.version}"
        row = (
            release.minute,
            release.minute + 6.0,
            "deploy",
            name,
            "info",
            release.service,
            "argocd",
            to_json(attributes),
        )
        rows.append(row)
    return rows


def _campaigns(platform: Platform) -> list[Row]:
    grid = platform.grid
    return [
        (
            float(grid.minute(one.start)),
            float(grid.minute(one.end)),
            "campaign",
            one.name,
            "info",
            "web",
            "marketing",
            to_json({"channel": one.channel}),
        )
        for one in CAMPAIGNS
    ]


def _changes(platform: Platform) -> list[Row]:
    """Configuration changes that did no harm, at office hours."""
    grid, rng = platform.grid, platform.rng("changes")
    rows: list[Row] = []
    for day in range(grid.days):
        minute = day * 1_440 + int(rng.integers(0, 1_440))
        service, what = SETTINGS[int(rng.integers(0, len(SETTINGS)))]
        if grid.weekday[minute] < 5 and 7 <= grid.hour[minute] <= 16 and _quiet(platform, minute):
            who = ROLES[int(rng.integers(0, len(ROLES)))]
            rows.append((minute, minute, "config_change", what, "info", service, "gitops", to_json({"actor": who})))
    return rows


def _noise(platform: Platform) -> list[Row]:
    """Alerts that fired and went by themselves, and small incidents that cost somebody half an hour."""
    grid, rng = platform.grid, platform.rng("noise")
    services = [service.name for service in {pod.service.name: pod.service for pod in platform.fleet.pods}.values()]
    rows: list[Row] = []
    for _ in range(rng.poisson(grid.days * 0.9)):
        minute, service = float(rng.integers(0, grid.size)), services[int(rng.integers(0, len(services)))]
        name, lasts = NOISE_ALERTS[int(rng.integers(0, len(NOISE_ALERTS)))], float(rng.integers(5, 16))
        if _quiet(platform, minute):
            rows.append(_alert(minute, minute + lasts, name, "warning", service))
    for number in range(rng.poisson(grid.days / 7 * MINOR_PER_WEEK)):
        minute, service = float(rng.integers(0, grid.size)), services[int(rng.integers(0, len(services)))]
        if _quiet(platform, minute) and minute + 60 < grid.size:
            times = minute, minute + float(rng.integers(4, 30)), minute + float(rng.integers(35, 60))
            rows.append(
                _opened(platform, times, f"Customer report, {service} checked", "low", service, f"M{number:02d}")
            )
    return rows


def _quiet(platform: Platform, minute: float) -> bool:
    return all(minute < one.start - 60 or minute > one.end + 60 for one in platform.incidents)


def _incident(platform: Platform, one: Placed) -> list[Row]:
    """What an incident left behind: the change before it, alerts, and the ticket of the on-call person.

    Alerts and ticket name the service where the symptom showed, not the cause.
    """
    what, rows = one.incident, []
    if what.config:
        service, text = what.config
        changed = one.start - 4.0, one.start - 4.0
        rows.append((*changed, "config_change", text, "info", service, "gitops", to_json({"actor": ROLES[0]})))
    symptom = what.affected[0] if what.affected else what.service
    fired = one.start + what.detected
    for place, alert in enumerate(what.alerts):
        at = fired + 1.5 * place
        rows.append(_alert(at, max(one.end + 3.0, at + 5.0), alert, ALERT_SEVERITY[what.severity], symptom))
    number = f"I{platform.incidents.index(one) + 1:02d}"
    times = fired, fired + what.acknowledged, one.end + what.resolved
    rows.append(_opened(platform, times, what.title, what.severity, symptom, number))
    return rows


def _alert(start: float, end: float, name: str, severity: str, service: str) -> Row:
    return start, end, "alert", name, severity, service, "alertmanager", to_json({"alertname": name, "state": "firing"})


def _opened(
    platform: Platform, times: tuple[float, float, float], title: str, severity: str, service: str, number: str
) -> Row:
    opened, acknowledged, resolved = times
    attributes = {
        "id": number,
        "acknowledged": _iso(platform.grid.moment(acknowledged)),
        "resolved": _iso(platform.grid.moment(resolved)),
        "assignee": ROLES[sum(map(ord, number)) % len(ROLES)],
    }
    return opened, resolved, "incident", title, severity, service, "oncall", to_json(attributes)


def _iso(moment: pd.Timestamp) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
