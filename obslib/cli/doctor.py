"""Check the installation and every profile: versions, reachability, clocks; a fix per line.

obslib doctor            everything
obslib doctor PROFILE    one profile
"""

from __future__ import annotations

import argparse
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

from obslib import __version__
from obslib.core.config import DEMO, data_folder, profile_names
from obslib.core.errors import ObslibError
from obslib.core.protocols import Health
from obslib.workspace import connect

MAX_SKEW_SECONDS = 5.0
OPTIONAL = {
    "lab": ("jupyterlab", "interactive notebooks"),
    "export": ("nbconvert", "running and exporting notebooks"),
    "keyring": ("keyring", "secrets from the system's keyring"),
    "elastic": ("elasticsearch", "the client of Elasticsearch"),
    "ml": ("scikit-learn", "multivariate anomaly detection"),
}


@dataclass(frozen=True)
class Finding:
    """One line of the report; `fix` is empty where nothing need be done."""

    ok: bool
    text: str
    fix: str = ""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("profile", nargs="?", help="check only this profile")


def run(arguments: argparse.Namespace) -> int:
    """Print every finding; 1 if any needs mending."""
    broken = 0
    for finding in examine(arguments.profile):  # printed as found: a slow or broken profile hides no earlier line
        print(f"{'ok  ' if finding.ok else 'FIX '} {finding.text}", flush=True)
        if finding.fix:
            print(f"       -> {finding.fix}", flush=True)
        broken += not finding.ok
    print(f"{broken} to fix." if broken else "all well.")
    return 1 if broken else 0


def examine(profile: str | None = None) -> Iterator[Finding]:
    """Findings about the installation and the profiles, in the order of the report."""
    yield Finding(
        True, f"obslib {__version__}, Python {platform.python_version()} on {platform.system()} ({sys.executable})"
    )
    yield from _packages()
    try:
        names = [profile] if profile else profile_names()
    except ObslibError as error:
        yield Finding(False, f"configuration: {error.problem}", error.fix)
        return
    for name in names:
        yield from _profile(name)


def _packages() -> Iterator[Finding]:
    found, to_install = [], []
    for line in sorted(line.partition(";")[0].strip() for line in requires("obslib") or [] if "extra ==" not in line):
        name, _, least = line.partition(">=")
        present = _installed(name)
        too_old = present is not None and _numbers(present) < _numbers(least)
        found.append(f"{name} {present or 'missing'}" + (f" (too old, needs {least})" if too_old else ""))
        if present is None or too_old:
            to_install.append(f"'{line}'")  # quoted, or the shell would redirect at the >
    yield Finding(
        not to_install, f"core packages: {', '.join(found)}", f"pip install {' '.join(to_install)}" * bool(to_install)
    )
    for extra, (name, purpose) in OPTIONAL.items():
        present = _installed(name)
        advice = "" if present else f"only if you want it: pip install 'obslib[{extra}]'"
        yield Finding(True, f"extra {extra}: {purpose}: {f'{name} {present}' if present else 'not installed'}", advice)


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _numbers(text: str) -> list[int]:
    """The numbers of a version's release, to compare: 6.0 is 6, and 2.0rc1 is taken for 2.0."""
    release = re.match(r"[\d.]*", text)
    numbers = [int(part) for part in (release.group() if release else "").split(".") if part]
    while numbers and not numbers[-1]:
        numbers.pop()
    return numbers


def _profile(name: str) -> Iterator[Finding]:
    if name == DEMO and not any(data_folder().glob("demo-*")):
        yield Finding(True, "profile demo: not built yet", "it is built at first use; to do it now: obslib demo")
        return
    try:
        health = connect(name).health()
    except ObslibError as error:
        yield Finding(False, f"profile {name}: {error.problem}", error.fix)
        return
    for detail, signals in _by_source(health).items():
        one = health[signals[0]]
        yield Finding(one.ok, f"profile {name}: {', '.join(signals)}: {detail}", one.fix)
        if abs(one.clock_skew_seconds) > MAX_SKEW_SECONDS:
            text = f"profile {name}: the server's clock is {one.clock_skew_seconds:+.1f} s off ours"
            yield Finding(False, text, "synchronise both clocks (NTP), or windows miss the newest data")
        elif abs(one.clock_skew_seconds) > 0:  # NaN: it tells no time; exactly 0: it has our own clock
            yield Finding(True, f"profile {name}: clock: in step with the server, {one.clock_skew_seconds:+.1f} s")


def _by_source(health: dict[str, Health]) -> dict[str, list[str]]:
    """Signals that one and the same source answers share a line."""
    lines: dict[str, list[str]] = {}
    for signal, one in health.items():
        lines.setdefault(one.detail, []).append(signal)
    return lines
