"""The documentation's page of the catalogue."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from obslib import catalog
from obslib.catalog.page import page

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_in_the_documentation_is_in_step():
    written = (DOCS / "catalog.md").read_text("utf-8")
    assert written == page(), "run python -m obslib.catalog > docs/catalog.md"


def test_every_template_and_parameter_has_its_row():
    text = page()
    assert [name for name in catalog.names() if f"| `{name}` | " not in text] == []
    used = {parameter for one in catalog.search() for parameter in one.parameters}
    assert [name for name in used if f"\n| `{name}` | " not in text] == []


def test_no_cell_breaks_its_table():
    rows = [line for line in page().splitlines() if line.startswith("| ")]
    assert {row.count("|") for row in rows} == {4, 6}


def test_the_command_writes_the_page():
    done = subprocess.run([sys.executable, "-m", "obslib.catalog"], capture_output=True, check=True, timeout=120)
    assert done.stdout.decode("utf-8") == page()
