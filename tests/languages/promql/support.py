"""Small series and queries for the tests of PromQL."""

from __future__ import annotations

from obslib.core.series import METRIC_NAME
from obslib.languages.promql import MemorySeries, Options, Result, query_instant, query_range

MINUTE = 60_000
NAN = float("nan")


def series(**points: list[float | None]) -> MemorySeries:
    """Series by name, one sample a minute from time zero; None is a gap."""
    return labelled(*(({METRIC_NAME: name}, values) for name, values in points.items()))


def labelled(*given: tuple[dict[str, str], list[float | None]]) -> MemorySeries:
    """Series by labels, one sample a minute from time zero; None is a gap."""
    built = []
    for labels, values in given:
        places = [place for place, value in enumerate(values) if value is not None]
        built.append((labels, [place * MINUTE for place in places], [values[place] for place in places]))
    return MemorySeries.of(built)


def named(name: str, values: list[float | None], **labels: str) -> tuple[dict[str, str], list[float | None]]:
    """One series for `labelled`."""
    return {METRIC_NAME: name, **labels}, values


def at(reader: MemorySeries, query: str, minute: float = 0, *, delayed_names: bool = False) -> dict[str, float]:
    """An instant query's values by their labels as text: `name{job="api"}`."""
    result = query_instant(query, reader, at=round(minute * MINUTE), options=Options(delayed_names=delayed_names))
    return {text(labels): float(value) for labels, value in zip(result.labels, result.values[0], strict=True)}


def over(
    reader: MemorySeries, query: str, minutes: int, *, delayed_names: bool = False
) -> dict[str, list[float | None]]:
    """A range query's values from minute zero to `minutes`, a minute apart; None where absent."""
    result = ask(reader, query, minutes, delayed_names=delayed_names)
    return {
        text(labels): [float(v) if p else None for v, p in zip(result.values[:, k], result.present[:, k], strict=True)]
        for k, labels in enumerate(result.labels)
    }


def ask(reader: MemorySeries, query: str, minutes: int, *, delayed_names: bool = False) -> Result:
    """The result of a range query from minute zero, a minute apart."""
    options = Options(delayed_names=delayed_names)
    return query_range(query, reader, start=0, end=minutes * MINUTE, step=MINUTE, options=options)


def text(labels: dict[str, str]) -> str:
    """A label set as Prometheus prints it."""
    inner = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != METRIC_NAME)
    return labels.get(METRIC_NAME, "") + (f"{{{inner}}}" if inner else "")
