"""Functions that change or sort by labels, and the rules of sets of series."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from obslib.core.errors import QueryError
from obslib.core.series import METRIC_NAME
from obslib.languages.promql.context import Context
from obslib.languages.promql.regex import anchored_pattern
from obslib.languages.promql.syntax import Call, Text, unwrap
from obslib.languages.promql.values import LabelKey, Labels, Vector, label_key, without_metadata

_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")
SAME_LABELS = "vector cannot contain metrics with the same labelset"


def text_of(node: object) -> str:
    """The value of a string argument."""
    inner = unwrap(node)  # type: ignore[arg-type]  # the type rules let only strings through
    assert isinstance(inner, Text)  # noqa: S101
    return inner.value


def label_replace(ctx: Context, node: Call, vector: Vector) -> Vector:
    """Set a label to an expanded template where the source label matches the pattern whole."""
    target, template, source, pattern = (text_of(arg) for arg in node.args[1:])
    _check_label(ctx, node, target)
    try:
        regex = anchored_pattern(ctx.query, node.args[4].start, pattern)
    except QueryError as error:
        raise ctx.fail(
            f"invalid regular expression in label_replace(): {pattern}", node.args[4].start, error.fix
        ) from error

    def one(labels: Labels) -> str | None:
        match = regex.fullmatch(labels.get(source, ""))
        return None if match is None else _expand(template, match)

    return _set_label(ctx, node, vector, target, one)


def label_join(ctx: Context, node: Call, vector: Vector) -> Vector:
    """Set a label to the values of others, joined."""
    target, separator, *sources = (text_of(arg) for arg in node.args[1:])
    _check_label(ctx, node, target)
    for place, source in enumerate(sources):
        _check_label(ctx, node, source, place + 3, "source")
    return _set_label(
        ctx, node, vector, target, lambda labels: separator.join(labels.get(name, "") for name in sources)
    )


def _set_label(
    ctx: Context, node: Call, vector: Vector, target: str, value_of: Callable[[Labels], str | None]
) -> Vector:
    changed, drop_name = [], vector.drop_name.copy()
    for row, labels in enumerate(vector.labels):
        value = value_of(labels)
        if value is None:
            changed.append(labels)
            continue
        others = {name: text for name, text in labels.items() if name != target}
        changed.append({**others, target: value} if value else others)
        # A name set on purpose stays, even if an operation before had marked it to be dropped.
        drop_name[row] &= target != METRIC_NAME
    return merge_equal(ctx, replace(vector, labels=changed, drop_name=drop_name), node.start)


def is_label_name(name: str) -> bool:
    """Whether a text can name a label: any UTF-8 but nothing (bytes that are no UTF-8 are lone surrogates)."""
    return bool(name) and not any("\ud800" <= letter <= "\udfff" for letter in name)


def _check_label(ctx: Context, node: Call, name: str, place: int = 1, role: str = "destination") -> None:
    if not is_label_name(name):
        raise ctx.fail(
            f"invalid {role} label name in {node.function}(): {name!r}",
            node.args[place].start,
            "name a label; any UTF-8 text will do.",
        )


def _expand(template: str, match: re.Match[str]) -> str:
    """Go's Regexp.Expand: `$1`, `${name}`, `$$`; what does not exist is empty."""

    def one(reference: re.Match[str]) -> str:
        name = reference.group(1) or reference.group(2)
        if name is None:
            return "$"
        if name.isdigit():
            return (match.group(int(name)) or "") if int(name) <= len(match.groups()) else ""
        return match.groupdict().get(name) or ""

    return _REFERENCE.sub(one, template)


def merge_equal(ctx: Context, vector: Vector, position: int, problem: str = SAME_LABELS) -> Vector:
    """Join series with equal labels that never meet at a step.

    Raises
    ------
    QueryError
        If two of them do.
    """
    groups: dict[LabelKey, list[int]] = {}
    for row, labels in enumerate(vector.labels):
        groups.setdefault(label_key(labels), []).append(row)
    if len(groups) == len(vector):
        return vector
    first = np.array([rows[0] for rows in groups.values()], dtype=np.intp)
    merged = vector.take(first)
    for place, rows in enumerate(groups.values()):
        if len(rows) == 1:
            continue
        present = vector.present[rows]
        if (present.sum(axis=0) > 1).any():
            raise ctx.fail(
                f"{problem}: {format_labels(vector.labels[rows[0]])}",
                position,
                "aggregate with sum by (...), or keep a label that tells the series apart.",
            )
        for row in rows[1:]:
            merged.values[place] = np.where(vector.present[row], vector.values[row], merged.values[place])
        merged.present[place] = present.any(axis=0)
        merged.drop_name[place] = vector.drop_name[rows].any()
    return merged


def drop_names(ctx: Context, vector: Vector, position: int) -> Vector:
    """Carry out the marked removals of names."""
    if not vector.drop_name.any():
        return vector
    labels = [without_metadata(one) if drop else one for one, drop in zip(vector.labels, vector.drop_name, strict=True)]
    cleared = replace(vector, labels=labels, drop_name=np.zeros(len(vector), dtype=bool))
    return merge_equal(ctx, cleared, position)


def format_labels(labels: Labels) -> str:
    """A label set as Prometheus' errors print it: `{__name__="up", job="api"}`."""
    return "{" + ", ".join(f'{name}="{value}"' for name, value in label_key(labels)) + "}"


def sort_by_value(vector: Vector, *, descending: bool) -> Vector:
    """Order series by their value at the first step; NaN last."""
    values = vector.values[:, 0]
    keys = -values if descending else values
    return vector.take(np.argsort(keys, kind="stable"))


def sort_by_labels(vector: Vector, names: Sequence[str], *, descending: bool) -> Vector:
    """Order series by the natural order of these labels, then by all labels."""

    def key(row: int) -> tuple[object, ...]:
        labels = vector.labels[row]
        return (*(natural_key(labels.get(name, "")) for name in names), label_key(labels))

    order = sorted(range(len(vector)), key=key, reverse=descending)
    return vector.take(np.array(order, dtype=np.intp))


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """A key by which runs of digits compare as numbers: `cpu2` before `cpu10`."""
    parts = re.findall(r"\d+|\D+", text)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
