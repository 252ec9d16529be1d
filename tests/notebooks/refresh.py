"""Store the notebooks' outputs anew: python -m tests.notebooks.refresh [NOTEBOOK...]

Charts are stored as their summary in words, so the files stay small, readable in a diff and equal
on every machine. Look at what changed before you commit it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat

from obslib.figures.display import ENVIRONMENT
from obslib.report.running import in_thread, prepare
from obslib.workspace.embedded import demo_store_path

FOLDER = Path(__file__).parents[2] / "notebooks"


def refresh(path: Path) -> bool:
    """Run one notebook and store its outputs in it; whether the file changed."""
    demo_store_path()  # first, so that no notebook stores the line that it is being built
    run = in_thread(prepare(path, environment={ENVIRONMENT: "text"}))
    if run.failure is not None:
        raise run.failure
    before = path.read_text(encoding="utf-8")
    path.write_text(nbformat.writes(_stored(run.notebook)) + "\n", encoding="utf-8")
    return path.read_text(encoding="utf-8") != before


def _stored(notebook: Any) -> Any:
    """The notebook without what differs from run to run."""
    for name in ("obslib", "papermill", "widgets"):
        notebook.metadata.pop(name, None)
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


if __name__ == "__main__":
    for place in [Path(name) for name in sys.argv[1:]] or sorted(FOLDER.glob("*.ipynb")):
        print("changed" if refresh(place) else "as before", place)  # noqa: T201 - the tool's answer
