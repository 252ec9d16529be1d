"""The smaller answers of the API as tables: alerts, rules, targets, exemplars, metadata, cardinality.

Pure functions on the decoded data, so saved answers test them. Text that is absent is `""`, a
number or time that is absent NaN or NaT.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
import pandas as pd

from obslib.core.frames import EVENTS, TIME, labels_of

ALERT = "alert"
_TRACE_IDS = ("trace_id", "traceID", "traceId", "TraceID")
_SPAN_IDS = ("span_id", "spanID", "spanId", "SpanID")
_NEVER = "0001-01-01"  # Go's zero time: the rule or target was not looked at yet

Labels = dict[str, str]


class Alert(msgspec.Struct, rename={"active_at": "activeAt"}):
    """One alert that is pending or firing."""

    labels: Labels = msgspec.field(default_factory=dict)
    annotations: Labels = msgspec.field(default_factory=dict)
    state: str = ""
    active_at: str = ""
    value: str = ""


class Alerts(msgspec.Struct):
    """Data of `/api/v1/alerts`."""

    alerts: list[Alert]


class Rule(
    msgspec.Struct, rename={"last_error": "lastError", "last_run": "lastEvaluation", "seconds": "evaluationTime"}
):
    """One alerting or recording rule; `duration` is its `for`, in seconds."""

    name: str
    query: str
    type: str = ""
    state: str = ""
    health: str = ""
    duration: float = float("nan")
    labels: Labels = msgspec.field(default_factory=dict)
    last_error: str = ""
    last_run: str = ""
    seconds: float = float("nan")


class Group(msgspec.Struct):
    """A rule group."""

    name: str
    file: str = ""
    rules: list[Rule] = msgspec.field(default_factory=list)


class Groups(msgspec.Struct):
    """Data of `/api/v1/rules`."""

    groups: list[Group]


class Target(
    msgspec.Struct,
    rename={
        "url": "scrapeUrl",
        "pool": "scrapePool",
        "last_error": "lastError",
        "last_scrape": "lastScrape",
        "seconds": "lastScrapeDuration",
    },
):
    """One endpoint that is scraped."""

    labels: Labels
    url: str = ""
    pool: str = ""
    health: str = ""
    last_error: str = ""
    last_scrape: str = ""
    seconds: float = float("nan")


class Targets(msgspec.Struct, rename={"active": "activeTargets"}):
    """Data of `/api/v1/targets`."""

    active: list[Target]


class Exemplar(msgspec.Struct):
    """One exemplar; `timestamp` in seconds, `value` as text or number."""

    labels: Labels
    value: str | float
    timestamp: float


class Exemplars(msgspec.Struct, rename={"series": "seriesLabels"}):
    """The exemplars of one series; data of `/api/v1/query_exemplars` is a list of these."""

    series: Labels
    exemplars: list[Exemplar]


class Meta(msgspec.Struct):
    """What an exporter says of a metric; data of `/api/v1/metadata` maps names to lists of these."""

    type: str = ""
    help: str = ""
    unit: str = ""


def alerts_table(data: Alerts) -> pd.DataFrame:
    """Alerts that are pending or firing now, as EVENTS with `state`, `value`, labels and `annotation.*`."""
    columns = _alert_columns([one.labels for one in data.alerts])
    annotations = _label_columns([one.annotations for one in data.alerts])
    columns |= {
        "start": _times(one.active_at for one in data.alerts),
        "state": [one.state for one in data.alerts],
        "value": [float(one.value or "nan") for one in data.alerts],
        **{f"annotation.{name}": texts for name, texts in annotations.items()},
    }
    return EVENTS.build(columns).sort_values("start", kind="stable", ignore_index=True)


def firing_table(firing: pd.DataFrame) -> pd.DataFrame:
    """When alerts fired, as EVENTS, of a metric frame of `ALERTS{alertstate="firing"}`.

    An event goes from the first step with the series to the first without it; `end` is NaT where
    the last step still has it.
    """
    present = firing.notna().to_numpy().T
    edges = np.diff(present.astype(np.int8), axis=1, prepend=0, append=0)
    series, first = np.nonzero(edges == 1)
    _, after = np.nonzero(edges == -1)
    index = firing.index
    ends = index.append(pd.DatetimeIndex([pd.NaT], tz="UTC").as_unit("ns"))[after]
    labels = labels_of(firing)
    columns = _alert_columns([labels[one] for one in series]) | {"start": index[first], "end": ends}
    return EVENTS.build(columns).sort_values("start", kind="stable", ignore_index=True)


def rules_table(data: Groups) -> pd.DataFrame:
    """One row per rule: `group, file, name, kind, query, state, health, last_error, last_run, seconds, for_seconds`."""
    rows = [(group, rule) for group in data.groups for rule in group.rules]
    return pd.DataFrame(
        {
            "group": _texts(group.name for group, _ in rows),
            "file": _texts(group.file for group, _ in rows),
            "name": _texts(rule.name for _, rule in rows),
            "kind": _texts(rule.type for _, rule in rows),
            "query": _texts(rule.query for _, rule in rows),
            "state": _texts(rule.state for _, rule in rows),
            "health": _texts(rule.health for _, rule in rows),
            "last_error": _texts(rule.last_error for _, rule in rows),
            "last_run": _times(rule.last_run for _, rule in rows),
            "seconds": _numbers(rule.seconds for _, rule in rows),
            "for_seconds": _numbers(rule.duration for _, rule in rows),
        }
    )


def targets_table(data: Targets) -> pd.DataFrame:
    """One row per target: `job, instance, url, up, last_error, last_scrape, seconds`, those that are down first."""
    frame = pd.DataFrame(
        {
            "job": _texts(one.labels.get("job", one.pool) for one in data.active),
            "instance": _texts(one.labels.get("instance", "") for one in data.active),
            "url": _texts(one.url for one in data.active),
            "up": pd.Series([one.health == "up" for one in data.active], dtype=bool),
            "last_error": _texts(one.last_error for one in data.active),
            "last_scrape": _times(one.last_scrape for one in data.active),
            "seconds": _numbers(one.seconds for one in data.active),
        }
    )
    return frame.sort_values(["up", "job", "instance"], kind="stable", ignore_index=True)


def exemplars_table(data: Sequence[Exemplars]) -> pd.DataFrame:
    """One row per exemplar by time: `time, value, trace_id, span_id`, the series' labels, `exemplar.*` for the rest."""
    pairs = [(group.series, one) for group in data for one in group.exemplars]
    seconds = np.array([one.timestamp for _, one in pairs], dtype=np.float64)
    own = [one.labels for _, one in pairs]
    rest = [{name: text for name, text in labels.items() if name not in (*_TRACE_IDS, *_SPAN_IDS)} for labels in own]
    columns: dict[str, object] = {
        "time": pd.to_datetime(np.rint(seconds * 1000).astype(np.int64), unit="ms", utc=True).astype(TIME),
        "value": _numbers(float(one.value) for _, one in pairs),
        "trace_id": _texts(_first(labels, _TRACE_IDS) for labels in own),
        "span_id": _texts(_first(labels, _SPAN_IDS) for labels in own),
    }
    columns |= _beside(columns, _label_columns([series for series, _ in pairs]))
    columns |= {f"exemplar.{name}": texts for name, texts in _label_columns(rest).items()}
    return pd.DataFrame(columns).sort_values("time", kind="stable", ignore_index=True)


def metadata_table(data: Mapping[str, Sequence[Meta]]) -> pd.DataFrame:
    """One row per metric and differing description: `metric, type, unit, help`, by name."""
    rows = [(name, one) for name in sorted(data) for one in data[name]]
    return pd.DataFrame(
        {
            "metric": _texts(name for name, _ in rows),
            "type": _texts(one.type for _, one in rows),
            "unit": _texts(one.unit for _, one in rows),
            "help": _texts(one.help for _, one in rows),
        }
    )


def series_table(data: Sequence[Labels]) -> pd.DataFrame:
    """One row per series, one text column per label (`""` where a series lacks it), sorted."""
    columns = _label_columns(data)
    frame = pd.DataFrame({name: columns[name] for name in sorted(columns)}, dtype="str")
    return frame.sort_values(list(frame), ignore_index=True) if columns else frame


def cardinality_table(data: Mapping[str, object]) -> pd.DataFrame:
    """The head's top lists: `top` (what is counted, in the API's words), `name, value`, largest first."""
    rows = [
        (top, str(one["name"]), int(one["value"]))
        for top, listed in data.items()
        if isinstance(listed, list)
        for one in listed
        if isinstance(one, Mapping) and {"name", "value"} <= one.keys()
    ]
    frame = pd.DataFrame(rows, columns=["top", "name", "value"]).astype({"top": "str", "name": "str", "value": "int64"})
    return frame.sort_values(["top", "value"], ascending=[True, False], kind="stable", ignore_index=True)


def _alert_columns(labels: Sequence[Mapping[str, str]]) -> dict[str, object]:
    """The fixed columns of EVENTS that labels tell, and all other labels beside them."""
    columns: dict[str, object] = {
        "kind": [ALERT] * len(labels),
        "name": _texts(one.get("alertname", "") for one in labels),
        "severity": _texts(one.get("severity") for one in labels),
        "service": _texts(one.get("service") for one in labels),
        "source": ["prometheus"] * len(labels),
    }
    told = {"__name__", "alertname", "alertstate", "severity", "service"}
    rest = [{name: text for name, text in one.items() if name not in told} for one in labels]
    return columns | _beside(EVENTS.columns, _label_columns(rest))


def _beside(taken: Iterable[str], labels: Mapping[str, object]) -> dict[str, object]:
    """Label columns, as `label.x` where the table has another column `x`."""
    names = set(taken)
    return {f"label.{name}" if name in names else name: texts for name, texts in labels.items()}


def _label_columns(labels: Sequence[Mapping[str, str]]) -> dict[str, object]:
    names = dict.fromkeys(name for one in labels for name in one)
    return {name: [one.get(name, "") for one in labels] for name in names}


def _texts(texts: Iterable[str | None]) -> pd.Series:
    return pd.Series(list(texts), dtype="str")


def _numbers(numbers: Iterable[float]) -> pd.Series:
    return pd.Series(list(numbers), dtype="float64")


def _times(texts: Iterable[str]) -> pd.Series:
    known = [None if text.startswith(_NEVER) else text or None for text in texts]
    return pd.to_datetime(pd.Series(known, dtype="str"), format="ISO8601", utc=True).astype(TIME)


def _first(labels: Mapping[str, str], names: Sequence[str]) -> str:
    return next((labels[name] for name in names if name in labels), "")
