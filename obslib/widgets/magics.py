"""Cell magics: `%load_ext obslib`, then `%%promql` in front of a query."""

from __future__ import annotations

import shlex
from argparse import ArgumentParser, Namespace
from collections import ChainMap
from typing import TYPE_CHECKING, Any, NoReturn

import pandas as pd

from obslib.core.errors import InputError, ObslibError
from obslib.core.window import positive_duration
from obslib.languages.promql.variables import fill
from obslib.workspace import Workspace, connect

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

USAGE = "%%promql [--on PROFILE] [--last 6h] [--step 1m] [--as NAME]"


def register(shell: InteractiveShell) -> None:
    """Add the magics to a shell; `obslib.load_ipython_extension` calls it."""
    shell.magics_manager.register_function(QueryMagics(shell).promql, "cell", "promql")


class QueryMagics:
    """The magics of one notebook, which ask its `ws` and know its variables."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._opened: dict[str | None, Workspace] = {}

    def promql(self, line: str, cell: str) -> pd.DataFrame:
        """Evaluate the cell's PromQL over a window; the same metric frame as `ws.metrics` gives.

            %%promql [--on PROFILE] [--last 6h] [--step 1m] [--as NAME]

        Asks the workspace `ws`; with `--on` the profile, address or other workspace of that name.
        With `--as` the frame is kept under a name, too.

        `$name` in the query is a variable of the notebook, written by the language's rules for the
        place where it stands: text in a matcher stays text, whatever it holds. `$__interval` is the
        step, `$__rate_interval` what suits rates (`ws.rate_range`), `$__range` the window's length.
        """
        try:
            return self._answer(cell.strip(), _options(line))
        except ObslibError as error:
            lines = f"{type(error).__name__}: {error}".splitlines()
            vars(error)["_render_traceback_"] = lambda: lines  # IPython shows this instead of the stack
            raise

    def _answer(self, query: str, options: Namespace) -> pd.DataFrame:
        ws = self._workspace(options.on)
        window = ws.window(options.last)
        step = window.step() if options.step is None else positive_duration(options.step, "--step")
        usual = {"__interval": step, "__rate_interval": ws.rate_range(step), "__range": window.duration}
        frame = ws.metrics(fill(query, ChainMap(self._variables(), usual)), window=window, step=step)
        if options.name is not None:
            self._shell.user_ns[options.name] = frame
        return frame

    def _variables(self) -> dict[str, Any]:
        """What the notebook has set; not what IPython has put there (`In`, `Out`, `exit`, ...)."""
        own = self._shell.user_ns_hidden
        return {name: value for name, value in self._shell.user_ns.items() if name not in own or value is not own[name]}

    def _workspace(self, on: str | None) -> Workspace:
        """The variable of this name (or `ws`), else the profile, opened once."""
        found = self._shell.user_ns.get(on or "ws")
        if isinstance(found, Workspace):
            return found
        if on not in self._opened:
            self._opened[on] = connect(on)
        return self._opened[on]


class _Parser(ArgumentParser):
    """Wrong options are our kind of error, not the end of the process."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"%%promql: {message}.", fix=f"write {USAGE}.")


def _options(line: str) -> Namespace:
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("--on")
    parser.add_argument("--last")
    parser.add_argument("--step")
    parser.add_argument("--as", dest="name")
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise InputError(f"%%promql: {error} in {line!r}.", fix="close the quotes.") from error
    options = parser.parse_args(words)
    if options.name is not None and not options.name.isidentifier():
        raise InputError(f"%%promql: {options.name!r} cannot be a variable.", fix="write --as latency, for example.")
    return options
