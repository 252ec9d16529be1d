"""What `import obslib` offers is deliberate, documented, typed, and cheap until it is used."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys

import pytest

import obslib
from benchmarks.import_budget import GOAL_PACKAGES, core_packages
from tests.architecture.sources import PACKAGE, tree_of

PUBLIC = [
    "AuthError", "EVENTS", "InputError", "LOGS",
    "MissingDependencyError", "NotebookError", "ObslibError", "PartialResultError",
    "Provenance", "QueryError", "RateLimitError", "SPANS",
    "SchemaError", "SourceError", "Store", "StoreError",
    "TimeoutError", "UnsupportedError", "Window", "Workspace",
    "available_sources", "concat_metrics", "connect", "explore", "format_duration",
    "format_value", "labels_of", "metric_frame", "parse_duration",
    "parse_time", "plot_board", "plot_heatmap", "plot_label_share", "plot_timeseries", "provenance_of", "rename",
    "select", "tidy",
]  # fmt: skip

HEAVY = {
    "IPython", "anywidget", "duckdb", "hypothesis", "ipywidgets", "msgspec", "nbclient", "nbconvert", "numpy", "pandas",
    "plotly", "promql_parser", "pyarrow", "sklearn", "yaml",
}  # fmt: skip


def test_public_names_are_these():
    assert obslib.__all__ == PUBLIC, "change the list above too, if you mean it, and tell CHANGELOG.md"


def test_public_names_are_sorted_and_listed_by_dir():
    assert sorted(obslib.__all__) == obslib.__all__
    assert set(obslib.__all__) < set(dir(obslib))


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_can_be_imported_and_says_what_it_is(name):
    value = getattr(obslib, name)
    if inspect.isclass(value) or inspect.isroutine(value):
        assert inspect.getdoc(value), f"{name} has no docstring"
        assert value.__name__ == name
        assert value.__module__.startswith("obslib.")
    else:
        assert type(value).__doc__


def test_other_names_are_refused_as_usual():
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        _ = obslib.conect


def test_type_checkers_see_the_same_names_in_the_same_homes():
    block = next(node for node in tree_of(PACKAGE / "__init__.py").body if isinstance(node, ast.If))
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    seen = {node.module: sorted(alias.name for alias in node.names) for node in block.body}
    homes = {home: sorted(names) for home, names in obslib._HOMES.items()}
    assert seen == {"obslib": sorted(obslib._PACKAGES), **homes}


@pytest.mark.parametrize("home", sorted(obslib._HOMES))
def test_homes_hold_their_names(home):
    module = importlib.import_module(home)
    assert [name for name in obslib._HOMES[home] if not hasattr(module, name)] == []


def loaded_after(statement):
    """Top-level packages that a fresh interpreter has loaded after one statement."""
    script = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    return set(done.stdout.split())


def test_import_alone_loads_nothing_heavy():
    assert loaded_after("import obslib") & HEAVY == set()
    assert loaded_after("import obslib; obslib.InputError; dir(obslib)") & HEAVY == set()


def test_tables_load_no_figures_and_no_engine():
    light = {"pandas", "numpy", "pyarrow"}
    assert loaded_after("import obslib; obslib.metric_frame; obslib.Window.last('1h')") & (HEAVY - light) == set()


def test_packages_are_reached_by_name_and_load_on_first_use():
    assert set(obslib._PACKAGES) == {"catalog", "demo"} < set(dir(obslib))
    for name in obslib._PACKAGES:
        assert importlib.import_module(f"obslib.{name}") is getattr(obslib, name)


def test_truth_of_the_demo_is_one_import_away():
    assert "pandas" in loaded_after("import obslib; assert len(obslib.demo.truth())")


def test_core_install_is_small():
    packages = core_packages()
    assert len(packages) <= GOAL_PACKAGES, packages
    assert not {"scikit-learn", "ipywidgets", "jupyterlab", "hypothesis"} & {name.lower() for name in packages}
