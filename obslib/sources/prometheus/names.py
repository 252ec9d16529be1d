"""Label names as they stand in a URL's path."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def escaped_name(name: str) -> str:
    """A label name of any characters, as Prometheus 3 wants it in paths (`U__` and code points in hex).

    Reference: prometheus/proposals 2023-08-21-utf8, "Text escaping".

    >>> escaped_name("service"), escaped_name("http.route")
    ('service', 'U__http_2e_route')
    """
    if _PLAIN.fullmatch(name):
        return name
    return "U__" + "".join(
        "__" if letter == "_" else letter if letter.isascii() and letter.isalnum() else f"_{ord(letter):x}_"
        for letter in name
    )
