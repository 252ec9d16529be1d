"""Logs of the demo: templates, what fills them, and who writes them when."""

from __future__ import annotations

from obslib.demo.logs.emit import UNTRACED, logs_table

__all__ = ["UNTRACED", "logs_table"]
