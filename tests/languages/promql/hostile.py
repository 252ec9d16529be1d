"""Label values that mean something to a parser, a shell, a page or a regular expression."""

from __future__ import annotations

from itertools import product

_SEEDS = [
    '"', "'", "`", "\\", '\\"', "\\\\", "\\n", "\n", "\r\n", "\t", "\0", "\x7f", "\x1b[31m", "{", "}", "{}", "[5m]",
    "(", ")", "$", "$v", "${v}", "$$", "$1", "%s", "%(v)s", "{v}", "{{v}}", "#", "# comment", "//", "/*", ".*", ".+",
    "a|b", "^a$", "[a-z]", "[[:alpha:]]", "(?i)a", "\\Q.\\E", "\\d", "\\pL", "a{2}", "a?", "*", "+", "", " ", "  a ",
    ",", "=", "=~", "!=", '"} or vector(1) or up{a="', "'} or up{a='", '\\"} or up{', 'a",b="c', "a\",b='c",
    "offset 1h", "by (a)", "@ 0", "NaN", "Inf", "ü", "日本語", "🙂", "\u202e", "\u200b", "\ufeff", "\ufffd", "\u2028",
    "\U0010ffff", "e\u0301", "\x80", "\xff", "\u00a0", "<script>alert(1)</script>", "&amp;",
    "'; drop table series; --", "../../etc", "a/b", "C:\\x", "null", "None", "true", "0", "-1", "1e9", "0x1f", "5m",
    "a b", "a-b", "a.b", "a:b", "__name__", "\\x41", "\\u0041", "\\101",
]  # fmt: skip

HOSTILE = list(dict.fromkeys([*_SEEDS, *("".join(pair) for pair in product(_SEEDS[:18], _SEEDS[18:36]))]))
"""More than 300 different texts: each by itself, and the worst beside one another."""
