"""Metrics of the demo: one module per exporter family, all drawn from the model."""

from __future__ import annotations

from obslib.demo.endpoints import see_endpoints
from obslib.demo.metrics.business import add_business
from obslib.demo.metrics.containers import add_containers
from obslib.demo.metrics.data import add_databases
from obslib.demo.metrics.edge import add_edge
from obslib.demo.metrics.http import add_http
from obslib.demo.metrics.nodes import add_nodes
from obslib.demo.metrics.series import MetricSet
from obslib.demo.platform import Platform

__all__ = ["MetricSet", "all_metrics"]


def all_metrics(platform: Platform) -> MetricSet:
    """Every series of the platform over its whole grid."""
    series = MetricSet(platform)
    node_cpu = add_containers(series)
    add_nodes(series, node_cpu)
    endpoints = see_endpoints(platform.model)
    add_http(series, endpoints)
    add_databases(series)
    add_edge(series, endpoints)
    add_business(series, endpoints)
    series.add_targets()
    return series
