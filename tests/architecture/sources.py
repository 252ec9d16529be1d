"""The project's own files, parsed once."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "obslib"


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file under version control, or all files of a copy that has none."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        return tuple(path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts)
    return tuple(path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file())


def modules(folder: str = "obslib") -> list[Path]:
    """Tracked Python files below a folder of the project."""
    return [path for path in tracked_files() if path.suffix == ".py" and path.is_relative_to(ROOT / folder)]


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of one file."""
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def short(path: Path) -> str:
    """How messages call a file."""
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, nested ones too."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def public_definitions(tree: ast.Module) -> list[tuple[str, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Public classes and functions of a module, and public methods of those classes, with their names."""
    kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    found = []
    for node in tree.body:
        if isinstance(node, kinds) and not node.name.startswith("_"):
            found.append((node.name, node))
            if isinstance(node, ast.ClassDef):
                found += [
                    (f"{node.name}.{inner.name}", inner)
                    for inner in node.body
                    if isinstance(inner, kinds) and not inner.name.startswith("_")
                ]
    return found


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function that hold code: without its docstring, comments and blank lines."""
    lines: set[int] = set()
    docstring = ast.get_docstring(node, clean=False) is not None
    for statement in node.body[1:] if docstring else node.body:
        for inner in ast.walk(statement):
            if isinstance(inner, ast.expr | ast.stmt | ast.excepthandler | ast.keyword | ast.arg):
                lines |= {inner.lineno, inner.end_lineno or inner.lineno}
    return len(lines)
