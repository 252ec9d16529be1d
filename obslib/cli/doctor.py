"""Check the installation and every profile: versions, reachability, clocks; a fix per line.

obslib doctor            everything
obslib doctor PROFILE    one profile
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

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
    "ml": ("sklearn", "multivariate anomaly detection"),
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
    findings = list(examine(arguments.profile))
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'FIX '} {finding.text}")
        if finding.fix:
            print(f"       -> {finding.fix}")
    broken = sum(not finding.ok for finding in findings)
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
    wanted = [line.split(";")[0] for line in requires("obslib") or [] if "extra ==" not in line]
    names = sorted(line.split(">")[0].split("=")[0].strip() for line in wanted)
    found, missing = [], []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    yield Finding(
        not missing, f"core packages: {', '.join(found)}", f"pip install {' '.join(missing)}" if missing else ""
    )
    for extra, (module, purpose) in OPTIONAL.items():
        present = find_spec(module) is not None
        advice = "" if present else f"only if you want it: pip install 'obslib[{extra}]'"
        yield Finding(True, f"extra {extra}: {purpose}: {'installed' if present else 'not installed'}", advice)


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


def _by_source(health: dict[str, Health]) -> dict[str, list[str]]:
    """Signals that one and the same source answers share a line."""
    lines: dict[str, list[str]] = {}
    for signal, one in health.items():
        lines.setdefault(one.detail, []).append(signal)
    return lines
