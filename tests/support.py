"""What tests of several packages share."""

from __future__ import annotations

import os
import shutil

import pytest


def require_tool(name: str, how_to_get: str) -> str:
    """The path of a program that a test needs.

    Without it the test is reported as not run, with the reason; where `OBSLIB_REQUIRE_LIVE=1` says
    that everything must be there (CI), it fails instead.
    """
    path = shutil.which(name)
    if path is None:
        not_run(f"{name} is absent. To get it: {how_to_get}")
    return str(path)


def not_run(reason: str) -> None:
    """Report the running test as not run, or fail it where `OBSLIB_REQUIRE_LIVE=1`."""
    if os.environ.get("OBSLIB_REQUIRE_LIVE") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
