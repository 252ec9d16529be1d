"""cAdvisor and kube-state-metrics: one set of series per pod, gone with the pod."""

from __future__ import annotations

import numpy as np

from obslib.demo.clock import Floats
from obslib.demo.fleet import Pod
from obslib.demo.metrics.series import SECONDS, MetricSet, jitter, rounded
from obslib.demo.model import Level
from obslib.demo.topology import MIB, NAMESPACE, NODES

BURST = 1.6
"""Cores that a scraper pod can take: its limit is not enforced, which is how it disturbs its neighbours."""
WARM_UP_MINUTES = 90.0
PERIODS_PER_MINUTE = 600.0
REPLY_BYTES = {"web": 9_000.0, "postgresql": 2_600.0, "redis": 1_400.0}
PAGE = 64 * 1024.0


def add_containers(series: MetricSet) -> dict[str, Floats]:
    """Add the containers' series; returns the cores that all containers of each node use, per minute."""
    platform = series.platform
    node_cpu = {node.name: np.zeros(platform.grid.size) for node in NODES}
    for pod in platform.fleet.pods:
        first, last = max(0, int(pod.start)), int(min(pod.end, platform.grid.size))
        if first < last:
            cores = _cores(series, pod, first, last)
            node_cpu[pod.node.name][first:last] += cores
            _add_usage(series, pod, first, cores)
            _add_memory(series, pod, first, last)
            _add_state(series, pod, first, last)
    for service in {pod.service.name: pod.service for pod in platform.fleet.pods}.values():
        labels = {"namespace": NAMESPACE, "deployment": service.name, "job": "kube-state-metrics"}
        series.gauge("kube_deployment_spec_replicas", labels, "kube-state-metrics/cluster", float(service.replicas))
    return node_cpu


def _part(level: Level, first: int, last: int) -> Level:
    return level[first:last] if isinstance(level, np.ndarray) else level


def _cores(series: MetricSet, pod: Pod, first: int, last: int) -> Floats:
    platform, service = series.platform, pod.service
    share = platform.model.cpu[service.name][first:last] / service.replicas
    share = share + _part(platform.knobs.amount("level", f"podcpu:{service.name}@{pod.node.name}"), first, last)
    start_up = 0.35 * service.cpu_limit * np.exp(-(np.arange(first, last) - pod.start) / 3.0)
    noisy = (share + start_up) * jitter(platform.rng("cpu", pod.name), last - first, 0.06)
    most = BURST if service.name == "scraper" else service.cpu_limit
    return np.asarray(np.clip(noisy, 0.001, most))


def _add_usage(series: MetricSet, pod: Pod, first: int, cores: Floats) -> None:
    platform, service, target = series.platform, pod.service, f"kubelet/{pod.node.name}"
    labels, resets, size = _labels(pod), pod.restarts, len(cores)
    rng = platform.rng("usage", pod.name)
    series.counter(
        "container_cpu_usage_seconds_total", labels, target, cores * 60.0, first=first, resets=resets, quantum=SECONDS
    )
    load = np.clip(cores / service.cpu_limit, 0.0, 1.0)
    throttled = rng.binomial(int(PERIODS_PER_MINUTE), np.clip(load - 0.45, 0.0, 0.55) ** 1.5 * 1.6)
    periods = np.full(size, PERIODS_PER_MINUTE)
    series.counter("container_cpu_cfs_periods_total", labels, target, periods, first=first, resets=resets)
    name = "container_cpu_cfs_throttled_periods_total"
    series.counter(name, labels, target, throttled.astype(np.float64), first=first, resets=resets)
    calls = platform.model.calls[service.name][first : first + size] / service.replicas * 60.0
    for direction, scale in (("receive", 0.4), ("transmit", 1.0)):
        traffic = calls * REPLY_BYTES.get(service.name, 3_800.0) * scale * jitter(rng, size, 0.03) + 2_000.0
        name = f"container_network_{direction}_bytes_total"
        series.counter(name, labels, target, traffic, first=first, resets=resets, quantum=1024.0)


def _add_memory(series: MetricSet, pod: Pod, first: int, last: int) -> None:
    platform, service = series.platform, pod.service
    minutes = np.arange(first, last, dtype=np.float64)
    born = np.full(last - first, pod.start)
    for restart in pod.restarts:
        born[minutes >= restart] = restart
    warm = 1.0 - 0.35 * np.exp(-(minutes - born) / WARM_UP_MINUTES)
    load = platform.model.calls[service.name][first:last]
    busy = 1.0 + 0.08 * load / max(float(platform.model.calls[service.name].mean()), 1e-9)
    extra = _part(platform.knobs.amount("level", f"memory:{service.name}"), first, last)
    rng = platform.rng("memory", pod.name)
    used = service.memory_base * warm * busy * jitter(rng, last - first, 0.012) + extra
    used = np.clip(used, 8.0 * MIB, service.memory_limit)
    series.gauge(
        "container_memory_working_set_bytes", _labels(pod), f"kubelet/{pod.node.name}", rounded(used, PAGE), first=first
    )


def _add_state(series: MetricSet, pod: Pod, first: int, last: int) -> None:
    target, service = "kube-state-metrics/cluster", pod.service
    labels = {"namespace": NAMESPACE, "pod": pod.name, "container": service.name, "job": "kube-state-metrics"}
    size = last - first
    minutes = np.arange(first, last)
    restarts = np.sum([minutes >= restart for restart in pod.restarts], axis=0) if pod.restarts else np.zeros(size)
    series.gauge(
        "kube_pod_container_status_restarts_total", labels, target, np.asarray(restarts, np.float64), first=first
    )
    info = {"namespace": NAMESPACE, "pod": pod.name, "node": pod.node.name, "pod_ip": pod.address}
    info |= {"created_by_kind": "StatefulSet" if service.stateful else "ReplicaSet", "job": "kube-state-metrics"}
    series.gauge("kube_pod_info", info, target, np.ones(size), first=first)
    for name, cpu, memory in (
        ("kube_pod_container_resource_limits", service.cpu_limit, float(service.memory_limit)),
        ("kube_pod_container_resource_requests", service.cpu_limit / 2, float(service.memory_limit) / 2),
    ):
        where = labels | {"node": pod.node.name}
        series.gauge(name, where | {"resource": "cpu", "unit": "core"}, target, np.full(size, cpu), first=first)
        series.gauge(name, where | {"resource": "memory", "unit": "byte"}, target, np.full(size, memory), first=first)


def _labels(pod: Pod) -> dict[str, str]:
    return {
        "namespace": NAMESPACE,
        "pod": pod.name,
        "container": pod.service.name,
        "node": pod.node.name,
        "service": pod.service.name,
        "job": "kubelet",
        "instance": pod.node.name,
    }
