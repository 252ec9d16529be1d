"""The `obslib` command: one module of this package per sub-command.

A command's module has a docstring (its help), `configure(parser)` and `run(arguments) -> int`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from obslib import __version__
from obslib.core.errors import ObslibError

COMMANDS = {
    "demo": "build the demo platform, run every notebook and write the HTML exports",
    "lab": "open JupyterLab on a copy of the notebooks",
    "run": "run one notebook with parameters and export it as HTML",
    "ingest": "read telemetry files into a store",
    "scrape": "scrape a Prometheus/OpenMetrics endpoint into a store",
    "store": "look after a store: info, sql, compact, retain",
    "doctor": "check versions, profiles, reachability and clocks, with a fix per line",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (0 done, 1 failed, 2 wrong usage, 130 interrupted)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="obslib",
        description="From an alert to a proven cause and a shared report, in one notebook, over any backend.",
        epilog="Start with: obslib demo. Then: obslib lab.",
    )
    parser.add_argument("--version", action="version", version=f"obslib {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, help_text in COMMANDS.items():
        command = commands.add_parser(name, help=help_text, description=help_text.capitalize() + ".")
        if given and given[0] == name:  # only the chosen command is imported
            module = import_module(f"obslib.cli.{name}")
            command.description = module.__doc__
            command.formatter_class = argparse.RawDescriptionHelpFormatter
            module.configure(command)
            command.set_defaults(run=module.run)
    if not given:
        parser.print_help(sys.stderr)
        raise SystemExit(2)
    chosen = parser.parse_args(given)
    try:
        return int(chosen.run(chosen))
    except ObslibError as error:
        print(f"obslib: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("obslib: interrupted.", file=sys.stderr)
        return 130
