"""The parameters of a notebook: names assigned in its cell tagged `parameters`."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from obslib.core.errors import InputError, MissingDependencyError, NotebookError, nearest
from obslib.report.kernel import KERNEL

Value = str | int | float | bool | None | list[Any] | dict[str, Any]
TAG = "parameters"
INJECTED_TAG = "injected-parameters"


def read_notebook(path: Path) -> Any:
    """The notebook of a file, in the current format.

    Raises
    ------
    NotebookError
        If there is no such file, or it is no notebook.
    """
    try:
        import nbformat
    except ImportError as error:
        raise MissingDependencyError("nbformat", extra="export") from error
    try:
        text = path.read_text(encoding="utf-8")
        notebook = nbformat.reads(text, as_version=4)
    except (OSError, UnicodeDecodeError, nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        raise NotebookError(
            f"cannot read {path} as a notebook: {error}.", fix="give the path of an .ipynb file."
        ) from error
    return notebook


def parameters_of(notebook: Any) -> dict[str, Value]:
    """Parameter -> value in effect: the defaults, overridden by injected ones.

    A default that is no literal (a call, say) is given as its source text.
    """
    found: dict[str, Value] = {}
    for tag in (TAG, INJECTED_TAG):
        for cell in notebook.cells:
            if tag in cell.metadata.get("tags", []):
                found |= _assignments(cell.source)
    return found


def with_parameters(notebook: Any, values: Mapping[str, Value], *, name: str) -> Any:
    """A copy of the notebook with a cell that sets these values, after the tagged one (papermill's way).

    Raises
    ------
    InputError
        If the notebook (called `name` in the message) has no such parameter.
    """
    known = parameters_of(notebook)
    for asked in values:
        if asked not in known:
            raise InputError(
                f"{name} has no parameter {asked!r}.",
                fix=f"{nearest(asked, known)} Parameters are the names set in the cell tagged 'parameters'.",
            )
    ready = copy.deepcopy(notebook)
    if not values:
        return ready
    ready.metadata.setdefault("papermill", {})  # papermill expects it, and tags everywhere
    for cell in ready.cells:
        cell.metadata.setdefault("tags", [])
    try:
        from papermill.parameterize import parameterize_notebook
    except ImportError as error:
        raise MissingDependencyError("papermill", extra="export") from error
    return parameterize_notebook(ready, dict(values), kernel_name=KERNEL, language="python")


def parse_value(text: str) -> Value:
    """A parameter's value as typed on a command line: a Python literal, or else the text itself.

    >>> parse_value("0.99"), parse_value("checkout"), parse_value("True"), parse_value("[1, 2]")
    (0.99, 'checkout', True, [1, 2])
    """
    try:
        value: Value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value if isinstance(value, str | int | float | bool | list | dict | None) else text


def _assignments(source: str) -> dict[str, Value]:
    found: dict[str, Value] = {}
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # the cell itself will fail with a better message when it runs
        return found
    for statement in statements:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(statement, ast.Assign | ast.AnnAssign):
                found[target.id] = parse_value(ast.unparse(statement.value)) if statement.value else None
    return found
