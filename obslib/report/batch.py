"""Many notebooks at once: run, export and index them."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obslib.core.errors import InputError, NotebookError
from obslib.report.exporting import export_html
from obslib.report.index import Entry, thumbnail_of, write_index
from obslib.report.parameters import Value, parameters_of, read_notebook
from obslib.report.prose import first_question, first_title
from obslib.report.running import CELL_TIMEOUT, PLOTLY_MIME, Execution, Progress, Run, prepare

_MOST_WARNINGS = 20


@dataclass(frozen=True)
class Outcome:
    """What became of one notebook: its page (None if it could not be written), run time, warnings, failure."""

    path: Path
    page: Path | None
    seconds: float
    warnings: tuple[str, ...] = ()
    failure: NotebookError | None = None


def run_all(
    notebooks: Sequence[str | Path],
    folder: str | Path,
    *,
    parameters: Mapping[str, Value] | None = None,
    jobs: int = 2,
    cell_timeout: float = CELL_TIMEOUT,
    title: str = "Notebooks",
    intro: str = "",
    progress: Progress | None = None,
) -> list[Outcome]:
    """Execute notebooks, `jobs` at a time, export each to `folder` and write its `index.html`.

    Parameters
    ----------
    notebooks
        Paths of the notebooks.
    folder
        Where the pages go.
    parameters
        Parameter -> value; each notebook gets those it has.
    jobs
        How many run at the same time, each in a kernel of its own.
    cell_timeout
        Seconds a single cell may take.
    title, intro
        Head of the index.
    progress
        Called with each `Step` of every notebook, one call at a time.

    Returns
    -------
    list[Outcome]
        In the order of `notebooks`. A notebook that fails does not stop the others: its outcome and
        the index carry the failure, its page shows all up to the failing cell.

    Raises
    ------
    InputError
        If `jobs` is not positive, or two notebooks have the same name.
    NotebookError
        If a file is no notebook.
    """
    paths = [Path(one) for one in notebooks]
    _check(paths, jobs)
    target = Path(folder)
    told = _one_at_a_time(progress)
    executions = [
        prepare(path, parameters=_fitting(path, parameters or {}), cell_timeout=cell_timeout, progress=told)
        for path in paths
    ]
    runs = _run(executions, jobs)
    entries, outcomes = [], []
    for run in runs:
        outcome = _export(run, target)
        outcomes.append(outcome)
        entries.append(_entry(run, outcome))
    write_index(entries, target / "index.html", title=title, intro=intro)
    return outcomes


def warnings_of(notebook: Any) -> tuple[str, ...]:
    """What a reader should know: backends' warnings on charts, and warnings that the cells printed."""
    found: list[str] = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                found += re.findall(r"^.*?(\w*Warning: .*)$", output.text, flags=re.MULTILINE)
            figure = output.get("data", {}).get(PLOTLY_MIME)
            meta = figure.get("layout", {}).get("meta", {}) if figure else {}
            found += meta.get("obslib", {}).get("provenance", {}).get("warnings", []) if isinstance(meta, dict) else []
    return tuple(dict.fromkeys(found))[:_MOST_WARNINGS]


def _check(paths: Sequence[Path], jobs: int) -> None:
    if jobs < 1:
        raise InputError(f"jobs must be at least 1, got {jobs!r}.", fix="for example jobs=2.")
    names = [path.stem for path in paths]
    twice = {name for name in names if names.count(name) > 1}
    if twice or "index" in names:
        raise InputError(
            f"two pages would have the name {min(twice, default='index')!r}.", fix="rename one of the notebooks."
        )


def _fitting(path: Path, parameters: Mapping[str, Value]) -> dict[str, Value]:
    known = parameters_of(read_notebook(path)) if parameters else {}
    return {name: value for name, value in parameters.items() if name in known}


def _one_at_a_time(progress: Progress | None) -> Progress | None:
    if progress is None:
        return None
    lock = threading.Lock()

    def told(step: Any) -> None:
        with lock:
            progress(step)

    return told


def _run(executions: Sequence[Execution], jobs: int) -> list[Run]:
    with ThreadPoolExecutor(jobs, thread_name_prefix="notebook") as pool:
        futures = [pool.submit(execution.run) for execution in executions]
        try:
            return [future.result() for future in futures]
        except BaseException:  # also Ctrl-C: leave no kernel behind, start no further notebook
            pool.shutdown(wait=False, cancel_futures=True)
            for execution in executions:
                execution.kill()
            raise


def _export(run: Run, folder: Path) -> Outcome:
    page = folder / f"{run.path.stem}.html"
    warnings = warnings_of(run.notebook)
    failure = run.failure
    try:
        export_html(run.notebook, page, folder=run.path.parent, failure=str(failure or ""))
    except NotebookError as error:
        page.unlink(missing_ok=True)  # an older page would pass for this run's
        return Outcome(run.path, None, run.seconds, warnings, failure or error)
    return Outcome(run.path, page, run.seconds, warnings, failure)


def _entry(run: Run, outcome: Outcome) -> Entry:
    return Entry(
        title=first_title(run.notebook) or run.path.stem,
        question=first_question(run.notebook),
        link=outcome.page.name if outcome.page else "",
        seconds=outcome.seconds,
        warnings=outcome.warnings,
        failure=str(outcome.failure or ""),
        thumbnail=thumbnail_of(run.notebook),
    )
