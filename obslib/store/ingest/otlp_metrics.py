"""OTLP metrics as Prometheus series, by the rules of Prometheus 3's OTLP receiver.

Names: see `otlp_names`. Labels: the point's attributes; `job` is `[service.namespace/]service.name`,
`instance` is `service.instance.id`, `service` is `service.name` (ours, so that signals join);
the other resource attributes go to `target_info`. Histograms become classic buckets. Two
extensions: delta points, which Prometheus refuses, are accumulated within the batch, with a 0 just
after their start, so that `rate()` sees a counter that was reset; exponential histograms become
classic buckets at their own boundaries, because the store holds plain floats.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obslib.core.layout import Batch
from obslib.core.series import STALE_NAN
from obslib.store.ingest.any_value import attributes_json
from obslib.store.ingest.nested import Indices, explode, field, integers
from obslib.store.ingest.otlp_delta import Samples, accumulate, concat
from obslib.store.ingest.otlp_ids import span_ids, trace_ids
from obslib.store.ingest.otlp_owners import Owners
from obslib.store.ingest.otlp_points import Expansion, bucket_counts_fit, expand, number_values
from obslib.store.ingest.report import IngestReport
from obslib.store.ingest.series_table import SeriesIndex, exemplar_table

_DELTA, _CUMULATIVE = 1, 2
_NO_RECORDED_VALUE = 1

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Group:
    """Points of one OTLP kind that share a Prometheus type; `metric` is each one's row of `Owners`."""

    kind: str
    type: str
    points: pa.Array
    metric: Indices
    temporality: Indices

    def pick(self, keep: Mask) -> _Group:
        rows = pa.array(np.flatnonzero(keep))
        return _Group(self.kind, self.type, self.points.take(rows), self.metric[keep], self.temporality[keep])

    def millis(self, name: str) -> Indices:
        return np.asarray(integers(self.points, name) // 10**6, dtype=np.int64)

    def stale(self) -> Mask:
        return np.asarray(integers(self.points, "flags") & _NO_RECORDED_VALUE, dtype=np.bool_)


def metrics_batch(resources: pa.Array, report: IngestReport) -> Batch:
    """Samples and exemplars of `resource_metrics`; what has no Prometheus form is skipped and counted."""
    scopes, resource_rows = explode(field(resources, "scope_metrics"))
    metrics, scope_rows = explode(field(scopes, "metrics"))
    owners = Owners.of(field(resources, "resource"), metrics, resource_rows[scope_rows])
    index = SeriesIndex()
    samples: list[Samples] = []
    exemplars: list[pa.Table] = []
    reported: list[tuple[Indices, Indices]] = []
    for group in _groups(metrics):
        usable = _usable(group, owners, report)
        if not len(usable.points):
            continue
        series = _Series.of(usable, owners, index)
        samples.append(_samples(usable, series))
        reported.append((usable.metric, usable.millis("time_unix_nano")))
        exemplars += _exemplars(usable, series, index, report)
    if not samples:
        return Batch()
    metric, times = (np.concatenate(column) for column in zip(*reported, strict=True))
    flat = concat([*samples, owners.target_info(metric, times, index)])
    metric_batch = index.batch(flat.codes, flat.times, flat.values)
    return Batch(metrics=metric_batch, exemplars=pa.concat_tables(exemplars) if exemplars else None)


def _groups(metrics: pa.Array) -> Iterator[_Group]:
    for kind in ("gauge", "sum", "histogram", "exponential_histogram", "summary"):
        data = field(metrics, kind)
        points, rows = explode(field(data, "data_points"))
        if not len(points):
            continue
        if kind in {"gauge", "summary"}:
            yield _Group(kind, kind, points, rows, np.full(len(rows), _CUMULATIVE))
            continue
        temporality = integers(data, "aggregation_temporality")[rows]
        if kind != "sum":
            yield _Group(kind, "histogram", points, rows, temporality)
            continue
        monotonic = pc.fill_null(field(data, "is_monotonic"), False).to_numpy(zero_copy_only=False)[rows]
        everything = _Group(kind, "counter", points, rows, temporality)
        yield everything.pick(monotonic)
        yield replace(everything.pick(~monotonic), type="gauge")


def _usable(group: _Group, owners: Owners, report: IngestReport) -> _Group:
    """Without the points that have no Prometheus form; each is counted with its metric's name."""
    faults = {
        "data point without a time": group.millis("time_unix_nano") == 0,
        "metric whose name has no letter or digit": ~owners.has_name[group.metric],
        "metric without aggregation temporality": ~np.isin(group.temporality, (_DELTA, _CUMULATIVE)),
    }
    if group.kind == "sum" and group.type == "gauge":
        reason = "delta of a sum that is not monotonic: its level is unknown"
        faults[reason] = group.temporality == _DELTA
    if group.kind in {"gauge", "sum"}:
        faults["data point without a value"] = ~number_values(group.points)[1] & ~group.stale()
    if group.kind == "histogram":
        faults["histogram without exactly one bucket count more than bounds"] = (
            ~bucket_counts_fit(group.points) & ~group.stale()
        )
    keep = np.ones(len(group.points), dtype=np.bool_)
    for reason, faulty in faults.items():
        found = np.flatnonzero(faulty & keep)
        names = (owners.name(row) for row in group.metric[found].tolist())
        report.skip(reason, names, unit="metric", count=len(found))
        keep &= ~faulty
    return group if keep.all() else group.pick(keep)


@dataclass(frozen=True)
class _Series:
    """Where a group's samples go: sample `i` of `expansion` to series `codes[i]`."""

    expansion: Expansion
    codes: Indices
    rows: dict[tuple[int, int], int]
    base: Indices

    @classmethod
    def of(cls, group: _Group, owners: Owners, index: SeriesIndex) -> _Series:
        """Name each distinct (metric, attributes, part) once."""
        expansion = expand(group.kind, group.points)
        base, identities = owners.identify(group.metric, attributes_json(field(group.points, "attributes")), group.type)
        width = len(expansion.parts)
        pairs, inverse = np.unique(base[expansion.point] * width + expansion.part, return_inverse=True)
        keys = [divmod(pair, width) for pair in pairs.tolist()]
        found = [index.code(identities[one].row(expansion.parts[part])) for one, part in keys]
        return cls(expansion, np.array(found, dtype=np.int64)[inverse], dict(zip(keys, found, strict=True)), base)


def _samples(group: _Group, series: _Series) -> Samples:
    point = series.expansion.point
    values = np.where(group.stale()[point], STALE_NAN, series.expansion.values)
    samples = Samples(series.codes, group.millis("time_unix_nano")[point], values)
    delta = (group.temporality == _DELTA)[point]
    if not delta.any():
        return samples
    starts = group.millis("start_time_unix_nano")[point]
    return concat([samples.pick(~delta), accumulate(samples.pick(delta), starts[delta])])


def _exemplars(group: _Group, series: _Series, index: SeriesIndex, report: IngestReport) -> list[pa.Table]:
    """Exemplars of the points, at the bucket they fall into or at the value itself.

    Their filtered attributes have no place in the layout; trace and span id link to them.
    """
    if group.kind == "summary":
        return []
    exemplars, rows = explode(field(group.points, "exemplars"))
    if not len(exemplars):
        return []
    values, _ = number_values(exemplars)
    parts = series.expansion.bucket_of(rows, values)
    keys = zip(series.base[rows].tolist(), parts.tolist(), strict=True)
    codes = np.array([series.rows[key] for key in keys], dtype=np.int64)
    ids = (
        trace_ids(field(exemplars, "trace_id"), report, "exemplar"),
        span_ids(field(exemplars, "span_id"), report, "exemplar"),
    )
    times = integers(exemplars, "time_unix_nano")
    return [exemplar_table(index.rows, codes, times, values, ids)]
