"""Build the demo platform, run every notebook on it and write the HTML exports.

The first run makes synthetic telemetry of a small online shop (about a minute, kept for later
runs); then each notebook is executed and exported. No network, account or configuration is needed.
Open exports/index.html afterwards: every page works offline and can be sent to anyone.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from obslib.cli._progress import Display
from obslib.report.batch import Outcome, run_all
from obslib.report.packaged import packaged_notebooks
from obslib.workspace.embedded import demo_store_path

_TITLE = "Freedom Fashion, observed"
_INTRO = (
    "Each page answers one question about a synthetic online shop with known incidents. "
    "The pages work offline; the notebooks behind them run on your own systems, too."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=Path("exports"), help="where the pages go (default: %(default)s)"
    )
    parser.add_argument(
        "--jobs", metavar="N", type=int, default=2, help="notebooks to run at the same time (default: %(default)s)"
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=float,
        default=600,
        help="seconds one cell may take (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Build if needed, run all, say where; 1 if a notebook failed."""
    started = time.monotonic()
    demo_store_path(progress=_say)
    notebooks = packaged_notebooks()
    display = Display(sys.stderr, total=len(notebooks))
    try:
        outcomes = run_all(
            notebooks,
            arguments.out,
            parameters={"profile": "demo"},
            jobs=arguments.jobs,
            cell_timeout=arguments.timeout,
            title=_TITLE,
            intro=_INTRO,
            progress=display,
        )
    finally:
        display.close()
    _report(outcomes, arguments.out / "index.html", time.monotonic() - started)
    return 1 if any(outcome.failure for outcome in outcomes) else 0


def _report(outcomes: list[Outcome], index: Path, seconds: float) -> None:
    failed = [outcome for outcome in outcomes if outcome.failure is not None]
    for outcome in failed:
        print(f"\n{outcome.failure}", file=sys.stderr)
    warned = sum(len(outcome.warnings) for outcome in outcomes)
    print(
        f"\n{len(outcomes) - len(failed)} of {len(outcomes)} notebooks ran in {seconds:.0f} s"
        f"{f', {len(failed)} failed' if failed else ''}{f', {warned} warnings' if warned else ''}."
    )
    print(f"Open {index} (in a browser: {index.resolve().as_uri()})")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
