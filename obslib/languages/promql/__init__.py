"""PromQL, evaluated here: text and a reader of samples in, a matrix of series and steps out."""

from obslib.languages.promql.context import Options
from obslib.languages.promql.engine import Result, query_instant, query_range
from obslib.languages.promql.memory import MemorySeries
from obslib.languages.promql.parser import parse

__all__ = ["MemorySeries", "Options", "Result", "parse", "query_instant", "query_range"]
