"""A real Chromium without network, and what it asked for and complained about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support import require_tool

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Browser:
    """Opens pages offline; `requests` and `complaints` collect what they should not do."""

    chromium: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _contexts: list[Any] = field(default_factory=list)

    def open(self, path: Path, *, scheme: str = "light", width: int = 1_200, scripts: bool = True) -> Any:
        """The page of a file, once its charts may be drawn."""
        context = self.chromium.new_context(
            offline=True,
            color_scheme=scheme,
            viewport={"width": width, "height": 800},
            java_script_enabled=scripts,
        )
        self._contexts.append(context)
        page = context.new_page()
        page.route("**/*", lambda route: route.continue_() if route.request.url == path.as_uri() else route.abort())
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(path.as_uri())
        return page

    @property
    def foreign(self) -> list[str]:
        """Requests for anything but the file itself and what it made in memory."""
        return [url for url in self.requests if not url.startswith(("file://", "blob:", "data:"))]

    def close(self) -> None:
        """Close every page."""
        for context in self._contexts:
            context.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for a file's tests; while playwright runs, nothing else may run an event loop here."""
    path = require_tool("chromium", "apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def browser(chromium: Any) -> Iterator[Browser]:
    """A fresh set of pages."""
    made = Browser(chromium)
    yield made
    made.close()
