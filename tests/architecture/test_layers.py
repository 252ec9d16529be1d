"""Imports go downward, vendors stay below, colours stay in one place."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

from tests.architecture.sources import PACKAGE, ROOT, modules, short, tree_of

VENDORS = (
    "alertmanager", "cloudwatch", "datadog", "elastic", "elasticsearch", "grafana", "influx", "jaeger", "loki", "mimir",
    "newrelic", "opensearch", "prometheus", "splunk", "tempo", "thanos", "victoriametrics", "zipkin",
)  # fmt: skip
ABOVE = ("analysis", "figures", "widgets", "workspace", "report")
COLOUR = re.compile(r"#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b|\b(?:rgb|rgba|hsl|hsla)\(\s*\d")


def test_contracts_of_import_linter_hold():
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", script, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def names_in(tree):
    """Identifiers of a module: what it imports, defines, calls and passes by name; not its texts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg | ast.keyword):
            yield node.arg or ""
        elif isinstance(node, ast.alias):
            yield node.asname or node.name
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("package", ABOVE)
def test_no_vendor_is_known_by_name_above_the_sources(package):
    words = {
        (short(path), name)
        for path in modules(f"obslib/{package}")
        for name in names_in(tree_of(path))
        if set(re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())) & set(VENDORS)
    }
    assert words == set()


def texts_in(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_only_the_theme_knows_colours_of_figures():
    found = [
        f"{short(path)}:{line}: {text[:60]!r}"
        for package in ("analysis", "figures", "widgets", "workspace")
        for path in modules(f"obslib/{package}")
        if path != PACKAGE / "figures" / "theme.py"
        for line, text in texts_in(tree_of(path))
        if COLOUR.search(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("banned", "reason"), [("plotly.express", "it costs a second of import"), ("requests", "the shared client")]
)
def test_banned_modules_are_not_imported(banned, reason):
    found = []
    for path in modules():
        for node in ast.walk(tree_of(path)):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            home = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            full = [*imported, *home, *(f"{one}.{name}" for one in home for name in imported)]
            if any(name == banned or name.startswith(f"{banned}.") for name in full):
                found.append(f"{short(path)}:{node.lineno}")
    assert found == [], reason


def test_only_sources_and_scrapes_open_connections():
    network = {"http.client", "socket", "urllib.request", "ssl", "urllib3", "httpx", "aiohttp"}
    allowed = ("obslib/sources/", "obslib/testing/", "obslib/cli/")
    found = {
        short(path)
        for path in modules()
        if not short(path).startswith(allowed)
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Import) and network & {alias.name for alias in node.names})
        or (isinstance(node, ast.ImportFrom) and node.module in network)
    }
    assert found == set()
