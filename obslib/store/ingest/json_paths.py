"""The fields that JSON objects hold, flattened with dots, found once per chunk rather than per line."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obslib.store.ingest.duck import columns_of
from obslib.store.ingest.nested import explode

MAX_PATHS = 300


@dataclass(frozen=True)
class Field:
    """One field: its name with dots, and where it stands in the object, level by level."""

    name: str
    steps: tuple[str, ...]

    def pointer(self) -> str:
        """As a JSON pointer (RFC 6901)."""
        return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in self.steps)


@dataclass(frozen=True)
class FlatObjects:
    """`values[i * len(fields) + k]` is the JSON of field `k` in object `i`, null where it has none."""

    fields: list[Field]
    values: pa.Array

    def column(self, place: int) -> pa.Array:
        """The JSON of one field, per object."""
        return self.values.take(pa.array(np.arange(place, len(self.values), len(self.fields))))


def is_object(texts: pa.Array) -> pa.Array:
    """Which texts are a whole JSON object each."""
    (valid,) = columns_of("SELECT json_valid(doc) FROM given", {"doc": texts})
    return pc.and_(pc.fill_null(valid, False), pc.match_substring_regex(texts, r"^\s*\{"))


def flatten(documents: pa.Array) -> FlatObjects:
    """Take valid JSON objects apart.

    Objects are opened level by level while a chunk has at most 300 fields; beyond that the deeper
    objects stay values, as JSON, so that objects with ids as keys do not become thousands of fields.
    Arrays and `null`s are values.
    """
    structure = columns_of("SELECT json_group_structure(doc::JSON) FROM given", {"doc": documents})[0][0].as_py()
    fields = _fields(json.loads(structure) if structure else {})
    if not fields:
        return FlatObjects([], pa.nulls(0, pa.string()))
    paths = ", ".join("'" + field.pointer().replace("'", "''") + "'" for field in fields)
    (lists,) = columns_of(f"SELECT json_extract(doc, [{paths}])::VARCHAR[] FROM given", {"doc": documents})
    values, _ = explode(lists)
    return FlatObjects(fields, pc.if_else(pc.equal(values, "null"), None, values))


def _fields(structure: object) -> list[Field]:
    """Leaves of a structure, breadth first, until there are too many."""
    if not isinstance(structure, dict):
        return []
    level = [((key,), inner) for key, inner in structure.items()]
    while any(isinstance(inner, dict) and inner for _, inner in level):
        opened = [
            ((*steps, key), deeper)
            for steps, inner in level
            for key, deeper in (inner.items() if isinstance(inner, dict) and inner else [(None, inner)])
        ]
        if len(opened) > MAX_PATHS:
            break
        level = [(tuple(step for step in steps if step is not None), inner) for steps, inner in opened]
    return [Field(".".join(steps), steps) for steps, _ in level]
