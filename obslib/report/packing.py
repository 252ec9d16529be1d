"""All charts of a page as one small binary block: numbers as arrays, the rest as JSON, gzip, base64.

Block, before gzip: four bytes (little-endian) with the length of the JSON, the JSON padded with
spaces to a multiple of eight, then the arrays one after another, each padded likewise. In the JSON
an array stands as `{"dtype": "f4", "at": offset, "count": n}` (and `shape`), offsets from the end
of the JSON.
"""

from __future__ import annotations

import base64
import functools
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from obslib.figures import theme
from obslib.figures.plain import Plain, about_of, array_of

_ALIGN = 8
_SINGLE_ERROR = 1e-5
"""A float32 may stand for a float64 if the error is below this share of the array's range."""


def pack_figures(figures: Sequence[Plain]) -> str:
    """The block with all figures, their templates for light and dark pages and the colours' twins."""
    arrays = _Arrays()
    content = {
        "figures": [arrays.take(slim_figure(figure)) for figure in figures],
        "templates": {"light": theme.template(theme.LIGHT), "dark": theme.template(theme.DARK)},
        "twins": dict(theme.DARK_TWINS),
    }
    head = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    head += b" " * (-(4 + len(head)) % _ALIGN)
    return _compressed(len(head).to_bytes(4, "little") + head + b"".join(arrays.parts))


@functools.cache
def packed_plotly() -> str:
    """The plotly.js that plotly.py ships, as gzip and base64 (made once per process)."""
    from plotly.offline import get_plotlyjs

    return _compressed(get_plotlyjs().encode())


def slim_figure(figure: Plain) -> dict[str, Any]:
    """The figure without what the page holds once (our template) or shows itself (our title, in HTML)."""
    layout = dict(figure.get("layout", {}))
    about = about_of(figure)
    if about is not None:
        layout = {name: part for name, part in layout.items() if name not in {"template", "title", "meta"}}
        layout["margin"] = {**layout.get("margin", {}), "t": 12}
    return {
        "data": list(figure.get("data", [])),
        "layout": layout,
        "themed": about is not None,
        "suffix": about.suffix if about else "",
    }


@dataclass
class _Arrays:
    """Arrays moved out of figures, in order."""

    parts: list[bytes] = field(default_factory=list)
    size: int = 0

    def take(self, value: Any) -> Any:
        """A copy of the value with every typed array replaced by its place in the block."""
        if isinstance(value, Mapping):
            if {"dtype", "bdata"} <= value.keys():
                return self._place(array_of(value))
            return {str(name): self.take(one) for name, one in value.items()}
        if isinstance(value, np.ndarray):
            return self._place(value) if value.dtype.kind in "fiu" else self.take(value.tolist())
        if isinstance(value, list | tuple):
            return [self.take(one) for one in value]
        return None if isinstance(value, float) and not np.isfinite(value) else value

    def _place(self, values: npt.NDArray[Any]) -> dict[str, Any]:
        values = _single(values)
        raw = values.astype(values.dtype.newbyteorder("<")).tobytes()
        raw += b"\0" * (-len(raw) % _ALIGN)
        placed = {"dtype": values.dtype.str[1:], "at": self.size, "count": values.size}
        self.parts.append(raw)
        self.size += len(raw)
        return placed | ({"shape": list(values.shape)} if values.ndim > 1 else {})


def _single(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Half the bytes where nobody can see it."""
    if values.dtype != np.float64:
        return values
    known = values[np.isfinite(values)]
    if not known.size or np.abs(known).max() > np.finfo(np.float32).max:
        return values
    error = np.abs(known.astype(np.float32) - known).max()
    return values.astype(np.float32) if error <= _SINGLE_ERROR * (known.max() - known.min()) else values


def _compressed(raw: bytes) -> str:
    return base64.b64encode(gzip.compress(raw, compresslevel=9, mtime=0)).decode("ascii")
