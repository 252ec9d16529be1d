"""node_exporter: CPU, memory, disk and network of the six machines."""

from __future__ import annotations

import numpy as np

from obslib.demo.clock import Floats
from obslib.demo.metrics.series import SECONDS, MetricSet, jitter, poisson, rounded
from obslib.demo.topology import GIB, MIB, NODES, Machine

DATA_DISK = ("/var/lib/postgresql", "/dev/nvme1n1", 200.0 * GIB)
DATA_NODE = "ff-node-5"
PAGE = 64 * 1024.0


def add_nodes(series: MetricSet, container_cpu: dict[str, Floats]) -> None:
    """Add the machines' series, given the cores that containers use on each."""
    for node in NODES:
        labels = {"job": "node-exporter", "instance": node.instance, "node": node.name}
        target = f"node-exporter/{node.instance}"
        _add_cpu(series, node, labels, target, container_cpu[node.name])
        _add_memory(series, node, labels, target)
        _add_disks(series, node, labels, target)
        _add_network(series, node, labels, target)
        size = series.platform.grid.size
        drift = 0.001 * np.sin(np.arange(size) / 700.0 + node.hourly_usd * 90) + node.skew
        series.gauge("node_timex_offset_seconds", labels, target, rounded(drift, 2.0**-14))


def _add_cpu(series: MetricSet, node: Machine, labels: dict[str, str], target: str, containers: Floats) -> None:
    rng, size = series.platform.rng("node cpu", node.name), len(containers)
    demand = containers + 0.09 * jitter(rng, size, 0.2)
    used = node.cores * (1.0 - np.exp(-demand / node.cores * 1.15))
    waits = 0.006 * jitter(rng, size, 0.5) * node.cores * (4.0 if node.name == DATA_NODE else 1.0)
    shares = {"user": used * 0.76, "system": used * 0.22, "steal": used * 0.02, "iowait": waits}
    shares["idle"] = np.maximum(node.cores - sum(shares.values()), 0.0)
    lean = 0.5 + 0.03 * rng.standard_normal()
    for mode, cores in shares.items():
        for core, share in (("0", lean), ("1", 1.0 - lean)):
            growth = np.minimum(cores * share, 1.0) * 60.0
            start = float(rng.integers(1_000, 9_000)) * (20 if mode == "idle" else 1)
            cpu = labels | {"cpu": core, "mode": mode}
            series.counter("node_cpu_seconds_total", cpu, target, growth, start=start, quantum=SECONDS)
    pressure = np.clip(demand / node.cores - 0.6, 0.0, None) * 30.0 + 0.05
    series.counter("node_pressure_cpu_waiting_seconds_total", labels, target, pressure, quantum=SECONDS)
    load = demand * 1.1 + np.clip(demand - 1.6, 0, None) * 4.0
    series.gauge("node_load1", labels, target, rounded(load * jitter(rng, size, 0.08), 1 / 64))


def _add_memory(series: MetricSet, node: Machine, labels: dict[str, str], target: str) -> None:
    platform = series.platform
    used = np.full(platform.grid.size, 0.9 * GIB)
    for pod in platform.fleet.pods:
        if pod.node is node:
            first, last = max(0, int(pod.start)), int(min(pod.end, platform.grid.size))
            used[first:last] += pod.service.memory_base * 1.05
            extra = platform.knobs.amount("level", f"memory:{pod.service.name}")
            if isinstance(extra, np.ndarray):
                used[first:last] += extra[first:last]
    free = np.clip(
        node.memory - used * jitter(platform.rng("node memory", node.name), len(used), 0.004), 64 * MIB, None
    )
    series.gauge("node_memory_MemTotal_bytes", labels, target, float(node.memory))
    series.gauge("node_memory_MemAvailable_bytes", labels, target, rounded(free, 4 * PAGE))


def _add_disks(series: MetricSet, node: Machine, labels: dict[str, str], target: str) -> None:
    platform, size = series.platform, series.platform.grid.size
    rng = platform.rng("disk", node.name)
    root = node.disk * 0.31 + 0.25 * GIB * (platform.grid.day + 35) + 1.8 * GIB * _sawtooth(size, 7 * 1_440)
    disks = [("/", "/dev/nvme0n1p1", float(node.disk), root)]
    busy = 0.010 * jitter(rng, size, 0.3)
    if node.name == DATA_NODE:
        filled = (
            64.0 * GIB + 1.35 * GIB * (platform.grid.day + 35) + platform.knobs.amount("level", f"disk:{node.name}")
        )
        disks.append((DATA_DISK[0], DATA_DISK[1], DATA_DISK[2], np.minimum(filled, DATA_DISK[2] - 24 * MIB)))
        busy = (
            busy
            + 0.0035 * platform.model.calls["postgresql"] / 4.0 * platform.knobs.factor("slow", "postgresql") ** 0.5
        )
    for mount, name, total, used in disks:
        where = labels | {"mountpoint": mount, "device": name, "fstype": "ext4"}
        series.gauge("node_filesystem_size_bytes", where, target, total)
        series.gauge("node_filesystem_avail_bytes", where, target, rounded(total - used, MIB))
    device = labels | {"device": "nvme1n1" if node.name == DATA_NODE else "nvme0n1"}
    busy = np.minimum(busy, 0.99)
    series.counter("node_disk_io_time_seconds_total", device, target, busy * 60.0, quantum=SECONDS)
    for name, scale in (("node_disk_read_bytes_total", 9.0 * MIB), ("node_disk_written_bytes_total", 31.0 * MIB)):
        series.counter(name, device, target, busy * 60.0 * scale * jitter(rng, size, 0.1), quantum=PAGE)


def _add_network(series: MetricSet, node: Machine, labels: dict[str, str], target: str) -> None:
    platform, size = series.platform, series.platform.grid.size
    rng = platform.rng("network", node.name)
    calls = np.zeros(size)
    for pod in platform.fleet.pods:
        if pod.node is node:
            first, last = max(0, int(pod.start)), int(min(pod.end, size))
            calls[first:last] += platform.model.calls[pod.service.name][first:last] / pod.service.replicas
    device = labels | {"device": "eth0"}
    for name, scale in (("node_network_receive_bytes_total", 2_300.0), ("node_network_transmit_bytes_total", 4_100.0)):
        growth = (calls * scale * 60.0 + 40_000.0) * jitter(rng, size, 0.03)
        series.counter(name, device, target, growth, quantum=4096.0)
    again = poisson(rng, 0.02 + 0.0006 * calls + platform.knobs.amount("level", f"retransmits:{node.name}"), size)
    series.counter("node_netstat_Tcp_RetransSegs", labels, target, again)


def _sawtooth(size: int, period: int) -> Floats:
    """0 to 1 again and again: logs fill the disk, rotation empties it."""
    return (np.arange(size) % period) / period
