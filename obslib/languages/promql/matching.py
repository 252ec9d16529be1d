"""Binary operations between two vectors: which series meet, and what comes of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace

import numpy as np

from obslib.languages.promql.context import Context
from obslib.languages.promql.operators import ARITHMETIC, apply
from obslib.languages.promql.relabel import SAME_LABELS, format_labels, merge_equal
from obslib.languages.promql.syntax import Binary, Matching
from obslib.languages.promql.values import METADATA_LABELS, Bools, Floats, LabelKey, Labels, Vector, without_metadata

_EXPLICIT = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
_UNIQUE = "multiple matches for labels: grouping labels must ensure unique matches"


def match_key(labels: Labels, matching: Matching) -> LabelKey:
    """The labels by which a series finds its partners."""
    if matching.on:
        return tuple((name, labels[name]) for name in sorted(set(matching.labels)) if labels.get(name))
    hidden = {*matching.labels, *METADATA_LABELS}
    return tuple(sorted((name, value) for name, value in labels.items() if name not in hidden))


def combine_sets(ctx: Context, node: Binary, left: Vector, right: Vector) -> Vector:
    """`and`, `or` and `unless`: keep or add series by whether the other side has a partner at the step."""
    steps = left.values.shape[1]
    mine = _presence_by_key(left, node.matching)
    theirs = _presence_by_key(right, node.matching)
    nothing = np.zeros(steps, dtype=bool)
    if node.op == "or":
        extra = [~mine.get(match_key(labels, node.matching), nothing) for labels in right.labels]
        added = replace(right, present=right.present & _rows(extra, steps)).pruned()
        return merge_equal(ctx, _stack(left, added), node.op_start)
    partners = _rows([theirs.get(match_key(labels, node.matching), nothing) for labels in left.labels], steps)
    wanted = partners if node.op == "and" else ~partners
    return replace(left, present=left.present & wanted).pruned()


def _presence_by_key(vector: Vector, matching: Matching) -> dict[LabelKey, Bools]:
    found: dict[LabelKey, Bools] = {}
    for row, labels in enumerate(vector.labels):
        key = match_key(labels, matching)
        found[key] = found[key] | vector.present[row] if key in found else vector.present[row]
    return found


def _rows(rows: list[Bools], steps: int) -> Bools:
    return np.array(rows, dtype=bool).reshape(len(rows), steps)


def _stack(first: Vector, second: Vector) -> Vector:
    return Vector(
        [*first.labels, *second.labels],
        np.concatenate([first.values, second.values]),
        np.concatenate([first.present, second.present]),
        np.concatenate([first.drop_name, second.drop_name]),
    )


def combine_vectors(ctx: Context, node: Binary, left: Vector, right: Vector) -> Vector:
    """Arithmetic and comparisons between series with equal match labels.

    Raises
    ------
    QueryError
        If a match is ambiguous at some step.
    """
    swapped = node.matching.many == "right"
    many, one = (right, left) if swapped else (left, right)
    fills = (node.matching.fill_left, node.matching.fill_right)
    if fills == (None, None):
        # A step at which a side is empty has no result, and no ambiguity either.
        both = many.present.any(axis=0) & one.present.any(axis=0)
        many = replace(many, present=many.present & both)
        one = replace(one, present=one.present & both)
    pairs = _Pairs.of(ctx, node, many, one)
    # As in Prometheus, fill_left fills in the many side also where group_right makes that the right one.
    pairs.fill(*fills)
    return _evaluate_pairs(ctx, node, pairs, swapped=swapped)


@dataclass
class _Pairs:
    """Series that meet: row numbers on each side (None is filled in), where, and the fill values."""

    node: Binary
    many: Vector
    one: Vector
    many_keys: list[LabelKey]
    one_rows: dict[LabelKey, list[int]]
    rows: list[tuple[int | None, int | None]] = field(default_factory=list)
    present: list[Bools] = field(default_factory=list)
    fill_values: tuple[float, float] = (np.nan, np.nan)

    @classmethod
    def of(cls, ctx: Context, node: Binary, many: Vector, one: Vector) -> _Pairs:
        """All pairs with equal match labels that meet at some step."""
        one_rows: dict[LabelKey, list[int]] = defaultdict(list)
        for row, labels in enumerate(one.labels):
            one_rows[match_key(labels, node.matching)].append(row)
        many_keys = [match_key(labels, node.matching) for labels in many.labels]
        pairs = cls(node, many, one, many_keys, dict(one_rows))
        pairs._check_one_side(ctx)
        for row, key in enumerate(many_keys):
            for partner in one_rows.get(key, ()):
                pairs._add(row, partner, many.present[row] & one.present[partner])
        if not node.matching.many:
            pairs._check_one_to_one(ctx)
        return pairs

    def _add(self, many_row: int | None, one_row: int | None, present: Bools) -> None:
        if present.any():
            self.rows.append((many_row, one_row))
            self.present.append(present)

    def _check_one_side(self, ctx: Context) -> None:
        for key, rows in self.one_rows.items():
            present = self.one.present[rows]
            if len(rows) > 1 and (present.sum(axis=0) > 1).any():
                step = int(np.argmax(present.sum(axis=0) > 1))
                twins = [self.one.labels[row] for row in rows if self.one.present[row, step]][:2]
                listed = ", ".join(sorted(format_labels(labels) for labels in twins))
                side = "left" if self.node.matching.many == "right" else "right"
                raise ctx.fail(
                    f"found duplicate series for the match group {format_labels(dict(key))} on the {side} hand-side of "
                    f"the operation: [{listed}];many-to-many matching not allowed: matching labels must be unique on "
                    "one side",
                    self.node.op_start,
                    "match on more labels, or aggregate one side first.",
                )

    def _check_one_to_one(self, ctx: Context) -> None:
        taken: dict[LabelKey, Bools] = {}
        for (row, _), present in zip(self.rows, self.present, strict=True):
            key = self.many_keys[row] if row is not None else ()
            if key in taken and (taken[key] & present).any():
                raise ctx.fail(_EXPLICIT, self.node.op_start, "add group_left() or match on more labels.")
            taken[key] = taken[key] | present if key in taken else present

    def fill(self, many: float | None, one: float | None) -> None:
        """Add pairs in which a side without a partner meets a constant."""
        self.fill_values = (np.nan if many is None else many, np.nan if one is None else one)
        nothing = np.zeros(self.many.present.shape[1], dtype=bool)
        if one is not None:
            presence = {key: self.one.present[rows].any(axis=0) for key, rows in self.one_rows.items()}
            for row, key in enumerate(self.many_keys):
                self._add(row, None, self.many.present[row] & ~presence.get(key, nothing))
        if many is not None:
            theirs: dict[LabelKey, Bools] = {}
            for row, key in enumerate(self.many_keys):
                theirs[key] = theirs.get(key, nothing) | self.many.present[row]
            for key, rows in self.one_rows.items():
                for row in rows:
                    self._add(None, row, self.one.present[row] & ~theirs.get(key, nothing))

    def values(self) -> tuple[Floats, Floats]:
        """Values of the many and of the one side of each pair."""
        many = _values_of(self.many, [row for row, _ in self.rows], self.fill_values[0])
        return many, _values_of(self.one, [row for _, row in self.rows], self.fill_values[1])

    def labels(self, place: int) -> Labels:
        """Labels of the result of one pair."""
        many_row, one_row = self.rows[place]
        matching = self.node.matching
        other = {} if one_row is None else self.one.labels[one_row]
        base = dict(match_key(other, matching)) if many_row is None else dict(self.many.labels[many_row])
        if self.node.op in ARITHMETIC:
            base = dict(without_metadata(base))
        if not matching.many and matching.on:
            base = {name: value for name, value in base.items() if name in matching.labels}
        elif not matching.many:
            base = {name: value for name, value in base.items() if name not in matching.labels}
        included = {name: other.get(name, "") for name in matching.include}
        return {name: value for name, value in {**base, **included}.items() if value}


def _values_of(vector: Vector, rows: list[int | None], fill: float) -> Floats:
    filled = np.array([row is None for row in rows], dtype=bool)
    if not len(vector):
        return np.full((len(rows), vector.values.shape[1]), fill)
    values = vector.values[[row or 0 for row in rows]]
    values[filled] = fill
    return values


def _evaluate_pairs(ctx: Context, node: Binary, pairs: _Pairs, *, swapped: bool) -> Vector:
    steps = pairs.many.values.shape[1]
    if not pairs.rows:
        return Vector.empty(steps)
    many, one = pairs.values()
    left, right = (one, many) if swapped else (many, one)
    values, kept = apply(node.op, left, right, keep=left, bool_result=node.bool_result)
    labels = [pairs.labels(place) for place in range(len(pairs.rows))]
    # As in Prometheus, a filtered series keeps its name even if an earlier operation had marked it.
    dropped = np.full(len(pairs.rows), node.bool_result)
    met = Vector(labels, values, np.array(pairs.present), dropped)
    # Ambiguity counts before the comparison filters; what remains then joins without meeting.
    merge_equal(ctx, met, node.op_start, _UNIQUE if node.matching.many else SAME_LABELS)
    return merge_equal(ctx, replace(met, present=met.present & kept).pruned(), node.op_start)
