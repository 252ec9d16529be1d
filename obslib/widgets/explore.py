"""`obslib.explore`: look at data without writing a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from obslib.workspace import Workspace

if TYPE_CHECKING:
    from obslib.widgets.metrics_explorer import MetricsExplorer


def metrics(ws: Workspace, *, last: str = "6h") -> MetricsExplorer:
    """Explore the metrics of a workspace: search, choose what to see, filter, split, compare, drill down.

    The PromQL is always in view, can be edited, and copied as a notebook cell.

    Parameters
    ----------
    ws
        The workspace.
    last
        The window to begin with.

    Returns
    -------
    MetricsExplorer
        A widget; its `state` has the same steps as methods, for scripts and tests.

    Raises
    ------
    UnsupportedError
        If the profile has no source of metrics.

    Examples
    --------
    >>> obslib.explore.metrics(ws)  # doctest: +SKIP
    """
    from obslib.widgets.metrics_explorer import MetricsExplorer

    return MetricsExplorer(ws, last=last)
