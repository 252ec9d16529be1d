"""State and callbacks over one analysis and one figure each."""

from obslib.widgets import explore

__all__ = ["explore"]
