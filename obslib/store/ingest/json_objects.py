"""JSON objects as text, put together column by column."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from obslib.store.ingest.any_value import json_strings


def string_members(columns: Mapping[str, pa.Array]) -> pa.Array:
    """One JSON object per row from columns of text; null and `""` members are left out."""
    return json_objects(
        {name: json_strings(pc.if_else(pc.equal(texts, ""), None, texts)) for name, texts in columns.items()}
    )


def json_objects(columns: Mapping[str, pa.Array]) -> pa.Array:
    """One JSON object per row from columns of JSON texts; null members are left out."""
    members = [
        pc.fill_null(pc.binary_join_element_wise(json.dumps(name, ensure_ascii=False) + ":", texts, ",", ""), "")
        for name, texts in columns.items()
    ]
    inside = pc.utf8_rtrim(pc.binary_join_element_wise(*members, ""), ",")  # Arrow's own "skip" drops rows of nulls
    return pc.binary_join_element_wise("{", inside, "}", "")
