"""Tables of notebooks: text to the left, numbers to the right, heads above their column."""

from __future__ import annotations

import html
import re

_ROW = re.compile(r"<tr.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<(t[dh])((?:\s[^>]*)?)>(.*?)</\1>", re.DOTALL)
_NUMBER = re.compile(r"[-+]?[\d,]*\.?\d+(e[-+]?\d+)?\s?%?", re.IGNORECASE)
_UNKNOWN = {"", "nan", "<na>", "nat", "none", "inf", "-inf", "..."}


def with_aligned_columns(table: str) -> str:
    """Mark the cells of text columns with `class="text"`, for one `<table>` of plain cells.

    Rows with another number of cells than the first body row (spanning heads, say) stay as they are.
    """
    body = table.partition("<tbody")[2]
    rows = [_CELL.findall(row) for row in _ROW.findall(body)]
    width = len(rows[0]) if rows else 0
    text = [any(_is_text(row[place][2]) for row in rows if len(row) == width) for place in range(width)]
    return _ROW.sub(lambda row: _marked(row[0], text), table)


def _is_text(content: str) -> bool:
    plain = html.unescape(re.sub(r"<[^>]+>", "", content)).strip()
    return plain.lower() not in _UNKNOWN and not _NUMBER.fullmatch(plain)


def _marked(row: str, text: list[bool]) -> str:
    if len(_CELL.findall(row)) != len(text):
        return row
    places = iter(text)

    def marked(cell: re.Match[str]) -> str:
        kind = "text" if next(places) else "number"
        return f'<{cell[1]}{cell[2]} class="{kind}">{cell[3]}</{cell[1]}>'

    return _CELL.sub(marked, row)
