"""Errors of PromQL queries: Prometheus' words and position, the text with a caret, and what to do."""

from __future__ import annotations

from obslib.core.errors import QueryError, UnsupportedError


def line_and_column(query: str, position: int) -> str:
    """Position as Prometheus writes it: one-based `line:column`, columns in characters."""
    before = query[:position]
    return f"{before.count(chr(10)) + 1}:{position - (before.rfind(chr(10)) + 1) + 1}"


def parse_error(query: str, position: int, problem: str, fix: str) -> QueryError:
    """The query cannot be read."""
    where = line_and_column(query, position)
    return QueryError(f"{where}: parse error: {problem}.", query=query, position=position, fix=fix)


def evaluation_error(query: str, position: int, problem: str, fix: str) -> QueryError:
    """The query is well formed but cannot be answered."""
    where = line_and_column(query, position)
    return QueryError(f"{where}: {problem}.", query=query, position=position, fix=fix)


def unsupported(query: str, position: int, feature: str, fix: str) -> UnsupportedError:
    """The query needs something this evaluator does not do."""
    where = line_and_column(query, position)
    return UnsupportedError(f"{where}: {feature} not supported by the embedded PromQL evaluator.\n    {query}", fix=fix)
