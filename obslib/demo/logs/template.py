"""A kind of log line: fixed text with slots, filled for many lines at once. The kinds stand in TOML files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from functools import cache
from importlib.resources import files

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

SEVERITY_NUMBERS = {"TRACE": 1, "DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17, "FATAL": 21}
FILES = ("requests.toml", "machines.toml", "incidents.toml")
_SLOT = re.compile(r"<(\w+)>")

Filler = Callable[[str], pa.Array]


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of line. Slots are written `<name>`; `obslib.demo.logs.slots` fills them.

    Parameters
    ----------
    service, key
        Who writes it, and its full name `service.what`; incidents address it by the knob `lines`.
    attributes
        Members of the JSON object of attributes, without its braces.
    logger
        Name of the scope that wrote it.
    on
        Span name and moment that write it (see `moments`), for lines of requests.
    share
        Fraction of those moments that write it.
    per_minute
        Rate of lines that no request causes.
    node
        The one node that writes it, for what happens on a certain node.
    """

    service: str
    key: str
    severity: str
    body: str
    attributes: str = ""
    logger: str = ""
    on: tuple[str, str] | None = None
    share: float = 1.0
    per_minute: float = 0.0
    node: str = ""


@cache
def templates() -> tuple[Template, ...]:
    """Every kind of line, in the order of the files."""
    found = []
    for name in FILES:
        content = tomllib.loads(files("obslib.demo.logs").joinpath(name).read_text("utf-8"))
        for service, kinds in content.items():
            found += [{"service": service, "key": f"{service}.{what}"} | one for what, one in kinds.items()]
    return msgspec.convert(found, tuple[Template, ...])


def fill(text: str, count: int, slot: Filler) -> pa.Array:
    """`count` strings: `text` with every `<slot>` replaced by the filler's strings."""
    pieces = _SLOT.split(text)
    if len(pieces) == 1:
        return pa.repeat(text, count)
    parts = [slot(piece) if place % 2 else pa.scalar(piece) for place, piece in enumerate(pieces)]
    return pc.binary_join_element_wise(*parts, "")
