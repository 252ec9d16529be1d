"""obslib: from an alert to a proven cause and a shared report, in one notebook, over any backend.

>>> import obslib
>>> ws = obslib.connect("demo")  # doctest: +SKIP
>>> ws.sql("select count(*) from spans")  # doctest: +SKIP

Everything public is reachable from here and loads on first use; `import obslib` alone is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOMES = {
    "obslib.core.errors": (
        "AuthError",
        "InputError",
        "MissingDependencyError",
        "NotebookError",
        "ObslibError",
        "PartialResultError",
        "QueryError",
        "RateLimitError",
        "SchemaError",
        "SourceError",
        "StoreError",
        "TimeoutError",
        "UnsupportedError",
    ),
    "obslib.core.frames": (
        "EVENTS",
        "LOGS",
        "SPANS",
        "concat_metrics",
        "labels_of",
        "metric_frame",
        "rename",
        "select",
        "tidy",
    ),
    "obslib.core.provenance": ("Provenance", "provenance_of"),
    "obslib.core.units": ("format_value",),
    "obslib.core.window": ("Window", "format_duration", "parse_duration", "parse_time"),
    "obslib.figures.board": ("plot_board",),
    "obslib.figures.heatmap": ("plot_heatmap",),
    "obslib.figures.share": ("plot_label_share",),
    "obslib.figures.timeseries": ("plot_timeseries",),
    "obslib.store.store": ("Store",),
    "obslib.widgets": ("explore",),
    "obslib.workspace": ("Workspace", "available_sources", "connect"),
}
_PACKAGES = ("catalog", "demo")
_WHERE = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_WHERE)  # noqa: PLE0605 - a sorted list of the names above

if TYPE_CHECKING:
    from obslib import catalog, demo
    from obslib.core.errors import (
        AuthError,
        InputError,
        MissingDependencyError,
        NotebookError,
        ObslibError,
        PartialResultError,
        QueryError,
        RateLimitError,
        SchemaError,
        SourceError,
        StoreError,
        TimeoutError,  # noqa: A004 - the field's own word
        UnsupportedError,
    )
    from obslib.core.frames import EVENTS, LOGS, SPANS, concat_metrics, labels_of, metric_frame, rename, select, tidy
    from obslib.core.provenance import Provenance, provenance_of
    from obslib.core.units import format_value
    from obslib.core.window import Window, format_duration, parse_duration, parse_time
    from obslib.figures.board import plot_board
    from obslib.figures.heatmap import plot_heatmap
    from obslib.figures.share import plot_label_share
    from obslib.figures.timeseries import plot_timeseries
    from obslib.store.store import Store
    from obslib.widgets import explore
    from obslib.workspace import Workspace, available_sources, connect


def load_ipython_extension(shell: object) -> None:
    """Register the cell magics; called by `%load_ext obslib`."""
    import_module("obslib.widgets.magics").register(shell)


def __getattr__(name: str) -> object:
    if name in _PACKAGES:
        return import_module(f"obslib.{name}")
    if name not in _WHERE:
        raise AttributeError(f"module 'obslib' has no attribute {name!r}")
    value = getattr(import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, *_PACKAGES, "__version__"]
