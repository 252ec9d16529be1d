"""Log records in the store's layout: lines of requests with their trace, and lines of machines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obslib.core.layout import LOGS, conform
from obslib.demo.calls import SERVER
from obslib.demo.clock import NOW, Floats, Ints
from obslib.demo.ids import words
from obslib.demo.logs.moments import Moments, moments
from obslib.demo.logs.slots import Subjects
from obslib.demo.logs.template import SEVERITY_NUMBERS, Template, fill, templates
from obslib.demo.platform import Platform
from obslib.demo.spans import TracedRoute, pod_resource, to_json
from obslib.demo.topology import BY_NAME, NAMESPACE, NODE_NAMES, NODES
from obslib.demo.traces import RouteTraces

UNTRACED = 0.0196
"""Share of the untraced requests whose lines are kept; of traced requests all lines are."""
COLLECTED_EVERY_NS = 2 * 10**9
"""The collector hands lines over in batches: that is when they were observed."""
NODE_SERVICES = frozenset({"kubelet", "kernel"})
OOM = "kernel.oom"


@dataclass(frozen=True)
class Lines:
    """Lines of one template from one place: when, by whom, about what."""

    template: Template
    about: Subjects
    writer: npt.NDArray[np.int32]
    trace_id: pa.Array | None = None
    span_id: pa.Array | None = None


def logs_table(
    platform: Platform, lo: int, hi: int, traced: list[TracedRoute], untraced: list[RouteTraces]
) -> pa.Table:
    """Every record of minutes `lo` to `hi`, as LOGS of `obslib.core.layout`."""
    writers = Writers(platform)
    tables = [_table(writers, lines) for lines in _all_lines(platform, lo, hi, traced, untraced, writers)]
    return pa.concat_tables(tables).unify_dictionaries() if tables else LOGS.empty_table()


class Writers:
    """Everything that writes logs, numbered: first the fleet's pods, then one writer per node."""

    def __init__(self, platform: Platform) -> None:
        pods = platform.fleet.pods
        self.names = [pod.name for pod in pods] + [node.name for node in NODES]
        self.resources = [pod_resource(pod) for pod in pods] + [
            to_json({"host.name": node.name, "k8s.node.name": node.name, "cloud.availability_zone": node.zone})
            for node in NODES
        ]
        self.skew = np.array([round(p.node.skew * 1e9) for p in pods] + [round(n.skew * 1e9) for n in NODES])
        self.first_node = len(pods)


def _all_lines(
    platform: Platform,
    lo: int,
    hi: int,
    traced: list[TracedRoute],
    untraced: list[RouteTraces],
    writers: Writers,
) -> Iterable[Lines]:
    for one in traced:
        yield from _request_lines(platform, one.traces, one, writers, lo)
    for traces in untraced:
        yield from _request_lines(platform, traces, None, writers, lo)
    for template in templates():
        lines = _machine_lines(platform, template, writers, lo, hi)
        if lines is not None:
            yield lines


def _request_lines(
    platform: Platform, traces: RouteTraces, traced: TracedRoute | None, writers: Writers, lo: int
) -> Iterable[Lines]:
    rng = platform.rng("lines", traces.route.name, lo, traced is None)
    for template in templates():
        for found in moments(traces, template, rng):
            about, pod = _subjects(traces, found, writers, rng)
            if traced is None:
                yield Lines(template, about, pod)
            else:
                row = pa.array(traced.row[found.which, found.me])
                which = pa.array(found.which)
                yield Lines(template, about, pod, traced.trace_ids.take(which), traced.span_ids.take(row))


def _subjects(
    traces: RouteTraces, found: Moments, writers: Writers, rng: np.random.Generator
) -> tuple[Subjects, npt.NDArray[np.int32]]:
    """What request lines are about; they are written as the call ends, give or take its last tenth."""
    which, me = found.which, found.me
    call = traces.route.nodes[me]
    duration = traces.duration[which, me]
    pod = traces.pod[which, me].astype(np.int32)
    time = traces.start[which, me] + (duration * rng.uniform(0.9, 1.0, len(which))).astype(np.int64)
    time = np.minimum(time + writers.skew[pod], NOW.value - 1_000_000)
    target = (str(call.attributes.get("http.request.method", "")), call.route) if call.kind == SERVER else ("", "/")
    about = Subjects(
        time // 10**6 * 10**6,
        pa.array(writers.names).take(pa.array(pod)),
        rng,
        target,
        traces.code[which, me].astype(np.int64),
        duration / 1e6,
        traces.product[which],
        traces.user[which],
        traces.client[which],
    )
    return about, pod


def _machine_lines(platform: Platform, template: Template, writers: Writers, lo: int, hi: int) -> Lines | None:
    rng = platform.rng("machine", template.key, lo)
    if template.key == OOM:
        minutes, places = _killed(platform, lo, hi)
    else:
        rate = template.per_minute + platform.knobs.amount("lines", template.key)
        expected = np.broadcast_to(np.asarray(rate), platform.grid.size)[lo:hi] * platform.scale
        counts = rng.poisson(expected)
        minutes = np.repeat(np.arange(lo, hi), counts) + rng.random(counts.sum())
        places = _places(platform, template, minutes, rng)
    if len(minutes) == 0:
        return None
    time = platform.grid.nanoseconds(minutes) // 10**6 * 10**6
    writer = np.where(places < 0, writers.first_node - places - 1, places).astype(np.int32)
    about = Subjects(time, pa.array(writers.names).take(pa.array(writer)), rng)
    return Lines(template, about, writer)


def _places(platform: Platform, template: Template, minutes: Floats, rng: np.random.Generator) -> Ints:
    """Who writes each line: a pod of the service, or (negative) a node for what runs on nodes."""
    service = template.service
    if template.node:
        return np.full(len(minutes), -1 - NODE_NAMES.index(template.node))
    if service in BY_NAME:
        slot = rng.integers(0, BY_NAME[service].replicas, len(minutes))
        return platform.fleet.running(service, slot, minutes)
    nodes = len(NODES) if service in NODE_SERVICES else 1
    return -1 - rng.integers(0, nodes, len(minutes))


def _killed(platform: Platform, lo: int, hi: int) -> tuple[Floats, Ints]:
    """When containers were killed for their memory, and on which node (negative, as in `_places`)."""
    found = [
        (restart, -1 - NODES.index(pod.node))
        for pod in platform.fleet.pods
        for restart in pod.restarts
        if lo <= restart < hi and not pod.service.stateful
    ]
    return np.array([when for when, _ in found], dtype=np.float64), np.array([n for _, n in found], dtype=np.int64)


def _table(writers: Writers, lines: Lines) -> pa.Table:
    template, about, size = lines.template, lines.about, len(lines.writer)
    nothing = np.zeros(size, dtype=np.int32)
    attributes = fill("{" + template.attributes + "}", size, about.slot)
    columns = {
        "timestamp": pa.array(about.time).cast(pa.timestamp("ns", "UTC")),
        "observed_timestamp": (about.time // COLLECTED_EVERY_NS + 1) * COLLECTED_EVERY_NS,
        "service_name": words([template.service], nothing),
        "service_namespace": words([NAMESPACE], nothing),
        "service_instance_id": words(writers.names, lines.writer),
        "severity_number": np.full(size, SEVERITY_NUMBERS[template.severity], dtype=np.int32),
        "severity_text": words([template.severity], nothing),
        "body": fill(template.body, size, about.slot),
        "resource_attributes": words(writers.resources, lines.writer),
        "scope_name": words([template.logger], nothing),
        "log_attributes": attributes,
    }
    if lines.trace_id is not None:
        columns |= {"trace_id": lines.trace_id, "span_id": lines.span_id}
    return conform(pa.table(columns), LOGS)
