"""Open JupyterLab on a copy of the notebooks.

The packaged notebooks are copied to a folder of yours first, so you can change them freely. Files
that are already there are never touched; delete one to get the packaged version again. JupyterLab
listens on this machine only.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from obslib.core.errors import MissingDependencyError
from obslib.report.packaged import copy_notebooks


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "folder",
        metavar="DIR",
        nargs="?",
        type=Path,
        default=Path("my-notebooks"),
        help="the folder to work in (default: %(default)s)",
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")
    parser.add_argument("--port", metavar="N", type=int, help="port to listen on (default: a free one from 8888)")


def run(arguments: argparse.Namespace) -> int:
    """Copy, say what was kept, and run JupyterLab until it is stopped."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise MissingDependencyError("jupyterlab", extra="lab")
    copied = copy_notebooks(arguments.folder)
    if copied.new:
        print(f"copied {len(copied.new)} files to {arguments.folder}")
    for name in copied.kept:
        print(f"kept your {arguments.folder / name}, which differs from the packaged one")
    return subprocess.call(lab_command(arguments.folder, browser=not arguments.no_browser, port=arguments.port))  # noqa: S603 - our own interpreter


def lab_command(folder: Path, *, browser: bool, port: int | None) -> list[str]:
    """The command line that starts JupyterLab on a folder, on the loopback address only."""
    command = [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.root_dir={folder.resolve()}"]
    command += [] if browser else ["--no-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # as in containers; it listens on loopback alone
        command.append("--allow-root")
    return command + ([f"--ServerApp.port={port}"] if port else [])
