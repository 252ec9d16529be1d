"""Short names for series: only the labels that tell them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from obslib.core.frames import Labels
from obslib.core.series import METRIC_NAME

SEPARATOR = " · "
MISSING = "–"
_ENOUGH = 3


@dataclass(frozen=True)
class Names:
    """Names of `k` series: `short` for legends, `full` for tables, and what `short` leaves out.

    `varying` are the label names behind the parts of `short`; `common` the labels all series share.
    """

    short: tuple[str, ...]
    full: tuple[str, ...]
    varying: tuple[str, ...]
    common: Labels


def names_of(labels: Sequence[Labels], *, longest: int = 48) -> Names:
    """Name each label set by what differs; over-long names lose their middle, and stay distinct.

    >>> names_of([{"job": "api", "code": "200"}, {"job": "api", "code": "500"}]).short
    ('200', '500')
    """
    known = sorted({name for one in labels for name in one}, key=lambda name: (name != METRIC_NAME, name))
    values = {name: [one.get(name, "") for one in labels] for name in known}
    varying = [name for name in known if len(set(values[name])) > 1]
    varying = _without_redundant(varying, values)
    common = {name: values[name][0] for name in known if len(set(values[name])) == 1}
    rows = zip(*(values[name] for name in varying), strict=True) if varying else (() for _ in labels)
    short = [SEPARATOR.join(value or MISSING for value in row) or _single(common) for row in rows]
    return Names(
        short=shortened(short, longest),
        full=tuple(series_text(one) for one in labels),
        varying=tuple(varying),
        common=common,
    )


def series_text(labels: Labels) -> str:
    """A label set as Prometheus writes it.

    >>> series_text({"__name__": "up", "job": "api"})
    'up{job="api"}'
    """
    inside = ", ".join(f'{name}="{value}"' for name, value in labels.items() if name != METRIC_NAME)
    metric = labels.get(METRIC_NAME, "")
    return f"{metric}{{{inside}}}" if inside else metric or "value"


def _without_redundant(names: list[str], values: dict[str, list[str]]) -> list[str]:
    """Drop labels that add nothing, longest first, but only where a name would get crowded."""
    kept = list(names)
    for name in sorted(names, key=lambda one: -sum(map(len, values[one]))):
        if len(kept) <= _ENOUGH:
            break
        others = [one for one in kept if one != name]
        if _distinct(others, values) == _distinct(names, values):
            kept = others
    return kept


def _distinct(names: list[str], values: dict[str, list[str]]) -> int:
    return len(set(zip(*(values[name] for name in names), strict=True)))


def _single(common: Labels) -> str:
    """The name of a series that has nothing to be told apart from."""
    few = SEPARATOR.join(common.values()) if len(common) <= _ENOUGH else ""
    return common.get(METRIC_NAME) or few or "value"


def shortened(names: Sequence[str], longest: int) -> tuple[str, ...]:
    """Names without their middle where they are longer than `longest`, unless two would then be the same."""
    cut = [_cut(name, longest) for name in names]
    often = Counter(cut)
    return tuple(short if often[short] == 1 else name for short, name in zip(cut, names, strict=True))


def _cut(name: str, longest: int) -> str:
    if len(name) <= longest:
        return name
    head = longest // 2
    return f"{name[:head]}…{name[-(longest - head - 1) :]}"
