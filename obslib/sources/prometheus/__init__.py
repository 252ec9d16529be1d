"""Prometheus, and everything that speaks its HTTP API: Thanos, Mimir, VictoriaMetrics, Google's managed service."""

from obslib.sources.prometheus.settings import prometheus_source
from obslib.sources.prometheus.source import Prometheus

__all__ = ["Prometheus", "prometheus_source"]
