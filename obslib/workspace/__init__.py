"""connect(): profiles bound to sources, and the questions one asks of them."""

from obslib.workspace.connect import available_sources, connect
from obslib.workspace.workspace import Workspace

__all__ = ["Workspace", "available_sources", "connect"]
