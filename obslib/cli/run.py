"""Run one notebook with parameters and export it as a single HTML file.

The notebook itself is not changed. Its parameters are the names set in the cell tagged
"parameters"; -p sets them, --profile and --last are shorthands for the two most used ones.

  obslib run 00_start_here
  obslib run 00_start_here --profile prod --last 6h --out friday.html
  obslib run my.ipynb -p service=checkout -p objective=0.999
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from obslib.cli._progress import Display
from obslib.core.errors import InputError
from obslib.report.exporting import export_html
from obslib.report.packaged import find_notebook
from obslib.report.parameters import Value, parameters_of, parse_value, read_notebook
from obslib.report.running import CELL_TIMEOUT, in_thread, prepare, write_notebook


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("notebook", metavar="NOTEBOOK", help="path of an .ipynb file, or the name of a packaged one")
    parser.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter; VALUE is a number, True, a list in brackets, or else text (repeat for more)",
    )
    parser.add_argument("--profile", metavar="P", help="where the data comes from: a profile of obslib.toml, or demo")
    parser.add_argument("--last", metavar="SPAN", help="how far back to look: 30m, 24h, 7d")
    parser.add_argument("--out", metavar="F.html", type=Path, help="the page to write (default: exports/NOTEBOOK.html)")
    parser.add_argument("--ipynb", metavar="F.ipynb", type=Path, help="also keep the executed notebook here")
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=float,
        default=CELL_TIMEOUT,
        help="seconds one cell may take (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run, export, and fail if a cell failed (the page then shows all up to there)."""
    path = find_notebook(arguments.notebook)
    known = parameters_of(read_notebook(path))
    display = Display(sys.stderr, total=1)
    execution = prepare(
        path,
        parameters=dict(_parameter(text, known) for text in arguments.parameter),
        profile=arguments.profile,
        last=arguments.last,
        cell_timeout=arguments.timeout,
        progress=display,
    )
    try:
        done = in_thread(execution)
    finally:
        display.close()
    if arguments.ipynb:
        write_notebook(done.notebook, arguments.ipynb)
    out = arguments.out or Path("exports") / f"{path.stem}.html"
    export_html(done.notebook, out, folder=path.parent, failure=str(done.failure or ""))
    print(f"wrote {out}")
    if done.failure is not None:
        raise done.failure
    return 0


def _parameter(text: str, known: Mapping[str, Value]) -> tuple[str, Value]:
    """Name and value; where the notebook's own value is text, so is this one (`-p unit=1`)."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise InputError(f"cannot read the parameter {text!r}.", fix="write -p name=value, for example -p service=web.")
    return name, value if isinstance(known.get(name), str) else parse_value(value)
