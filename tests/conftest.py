"""Hooks of the whole test run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

_LIVE = ("live", True)

# No test fails because the machine is busy, which is all that a deadline and `too_slow` can tell here.
settings.register_profile("obslib", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("obslib")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let reports remember the marker `live`: their keywords also hold the names of folders."""
    for item in items:
        if item.get_closest_marker("live"):
            item.user_properties.append(_LIVE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests against real servers ran, and why the others did not."""
    ran = sum(1 for report in _live_reports(terminalreporter, "passed", "failed") if report.when == "call")
    missed = list(_live_reports(terminalreporter, "skipped"))
    if not ran and not missed:
        return
    terminalreporter.write_line(f"live tests: {ran} ran, {len(missed)} not run")
    reasons = [report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr) for report in missed]
    for reason in sorted(set(reasons)):
        terminalreporter.write_line(f"  {reasons.count(reason)} x {reason.removeprefix('Skipped: ')}")


def _live_reports(reporter: pytest.TerminalReporter, *outcomes: str) -> Iterator[pytest.TestReport]:
    for outcome in outcomes:
        for report in reporter.stats.get(outcome, []):
            if isinstance(report, pytest.TestReport) and _LIVE in map(tuple, report.user_properties):
                yield report
