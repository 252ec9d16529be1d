"""Every error of obslib. Each says what is wrong, where, and (`fix`, required) what to do next.

ObslibError
├── InputError (ValueError)               an argument, file or setting is wrong
├── SchemaError (ValueError)              a table breaks its contract; lists all faults at once
├── StoreError (OSError)                  the embedded store cannot be read or written
├── NotebookError (RuntimeError)          a notebook's cell failed, or its export would lose something
├── MissingDependencyError (ImportError)  an optional package is absent; names the install command
└── SourceError                           a backend refused or failed
    ├── AuthError          credentials are missing, wrong or not enough
    ├── QueryError         the query is wrong; keeps its text and the position of the fault
    ├── RateLimitError     the backend asks for patience
    ├── TimeoutError       the deadline passed
    ├── PartialResultError the answer is known to be incomplete
    └── UnsupportedError   this backend cannot do that
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from textwrap import indent


class ObslibError(Exception):
    """Root of every error that obslib raises on purpose.

    Parameters
    ----------
    problem
        What is wrong and where, as full sentences.
    fix
        What the reader should do next.
    """

    def __init__(self, problem: str, *, fix: str) -> None:
        self.problem = problem
        self.fix = fix
        super().__init__(problem)

    def __str__(self) -> str:
        return f"{self.problem}\nTo fix: {self.fix}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore, (type(self), self.args, self.__dict__.copy()))


def _restore(kind: type[ObslibError], args: tuple[object, ...], state: dict[str, object]) -> ObslibError:
    """Rebuild a pickled error without calling its constructor (notebooks run in child processes)."""
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class InputError(ObslibError, ValueError):
    """An argument, a file's content or a setting is wrong."""


class SchemaError(ObslibError, ValueError):
    """A table breaks its contract. `faults` lists every fault found, not just the first."""

    def __init__(self, table: str, faults: Sequence[str], *, fix: str) -> None:
        self.faults = tuple(faults)
        listed = "".join(f"\n  - {fault}" for fault in faults)
        super().__init__(f"not a valid {table} table:{listed}", fix=fix)


class StoreError(ObslibError, OSError):
    """The embedded store cannot be read or written (disk full, read-only, damaged)."""


class NotebookError(ObslibError, RuntimeError):
    """A notebook's cell failed, or an export would have lost part of it."""


class MissingDependencyError(ObslibError, ImportError):
    """An optional package is absent.

    Parameters
    ----------
    package
        The importable name that is missing.
    extra
        The extra of obslib that brings it.
    """

    def __init__(self, package: str, *, extra: str) -> None:
        self.package = package
        super().__init__(
            f"this needs the package {package!r}, which is not installed.",
            fix=f"pip install 'obslib[{extra}]'",
        )


class SourceError(ObslibError):
    """A backend refused, failed or answered with something unusable."""


class AuthError(SourceError):
    """Credentials are missing, wrong or do not reach far enough."""


class QueryError(SourceError, ValueError):
    """A query is wrong. Shows the text with a caret under the offending character.

    Parameters
    ----------
    problem
        What is wrong, in the backend's own words where it has any.
    query
        The query's text.
    position
        Zero-based offset of the offending character, if known.
    fix
        What to do next.
    """

    def __init__(self, problem: str, *, query: str = "", position: int | None = None, fix: str) -> None:
        self.query = query
        self.position = position
        super().__init__(problem + _excerpt(query, position), fix=fix)


class RateLimitError(SourceError):
    """The backend asks to slow down, and waiting longer would pass the caller's deadline."""


class TimeoutError(SourceError, builtins.TimeoutError):  # noqa: A001 - the field's own word, in our namespace
    """The deadline for the whole call passed."""


class PartialResultError(SourceError):
    """The backend says that its answer is incomplete, and the caller asked for a complete one."""


class UnsupportedError(SourceError):
    """A backend or language cannot do that here; never a wrong answer instead."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Advice for a name that does not exist: the closest known one, or the list of all.

    >>> nearest("chekout", ["checkout", "web"])
    "did you mean 'checkout'?"
    >>> nearest("zzz", ["checkout", "web"])
    'known: checkout, web.'
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    return f"known: {shown}." if names else "there are none yet."


def _excerpt(query: str, position: int | None) -> str:
    """The query; with a position, its line alone and a caret below it (tabs kept, so that it lines up)."""
    if not query:
        return ""
    if position is None:
        return "\n" + indent(query, "    ", lambda _: True)
    position = min(max(position, 0), len(query))
    line_start = query.rfind("\n", 0, position) + 1
    line = query[line_start:].split("\n", 1)[0].rstrip("\r")
    margin = "".join(letter if letter == "\t" else " " for letter in query[line_start:position])
    return f"\n    {line}\n    {margin}^"
