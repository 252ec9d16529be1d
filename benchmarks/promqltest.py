"""Conformance of the embedded PromQL evaluator: runs a directory of Prometheus' `.test` files.

    python -m benchmarks.promqltest DIR [--only FILE] [--failed]

Prints cases, passed, failed and not supported per file, then the slices: core (the stable language on
floats), experimental (on floats) and native histograms. Exits 1 if a core case does not pass.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from obslib.testing.promqlrun import Outcome, run_script

_SLICES = {"core": "stable, floats", "experimental": "experimental, floats", "histograms": "native histograms"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the files and print the tables; 0 if every core case passes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.promqltest", description=__doc__.split("\n")[0])
    parser.add_argument("directory", type=Path, help="folder with .test files")
    parser.add_argument("--only", metavar="FILE", help="run one file of it, with or without .test")
    parser.add_argument("--failed", action="store_true", help="show each case that failed")
    options = parser.parse_args(arguments)
    wanted = "*" if options.only is None else options.only.removesuffix(".test")
    paths = sorted(options.directory.glob(f"{wanted}.test"))
    if not paths:
        print(f"no .test files match {options.directory}/{wanted}.test", file=sys.stderr)
        return 2
    everything: list[Outcome] = []
    print(f"{'file':<28}{'cases':>7}{'passed':>8}{'failed':>8}{'not supported':>15}  reasons")
    for path in paths:
        outcomes = run_script(path.read_text("utf-8"))
        print(_line(path.name, outcomes))
        if options.failed:
            _print_failures(outcomes)
        everything += outcomes
    print(_line("total", everything))
    for name, title in _SLICES.items():
        print(_line(f"  {title}", [one for one in everything if one.slice == name]))
    core = [one for one in everything if one.slice == "core"]
    passed = sum(one.status == "passed" for one in core)
    print(f"goal: every core case passes; {passed} of {len(core)} do")
    return 0 if passed == len(core) else 1


def _line(name: str, outcomes: list[Outcome]) -> str:
    counts = Counter(one.status for one in outcomes)
    reasons = Counter(one.reason.split(": ")[-1] for one in outcomes if one.status == "not supported")
    text = "; ".join(f"{count} {reason}" for reason, count in reasons.most_common(3))
    numbers = f"{len(outcomes):>7}{counts['passed']:>8}{counts['failed']:>8}{counts['not supported']:>15}"
    return f"{name:<28}{numbers}  {text}"


def _print_failures(outcomes: list[Outcome]) -> None:
    for one in outcomes:
        if one.status == "failed":
            print(f"  line {one.case.line} ({one.slice}): {one.case.query}\n      {one.reason}")


if __name__ == "__main__":
    sys.exit(main())
