"""Execute notebooks, each in a fresh kernel of this interpreter."""

from __future__ import annotations

import asyncio
import atexit
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from obslib import __version__
from obslib.core.errors import MissingDependencyError, NotebookError
from obslib.report.kernel import kernel_environment, kernel_manager
from obslib.report.parameters import Value, parameters_of, read_notebook, with_parameters

CELL_TIMEOUT = 600
_EXCERPT_LINES = 12
PLOTLY_MIME = "application/vnd.plotly.v1+json"


@dataclass(frozen=True)
class Step:
    """Progress: `done` of `cells` code cells of a notebook ran, `seconds` after its start; `failed` ends it."""

    notebook: str
    done: int
    cells: int
    seconds: float
    failed: bool = False


Progress = Callable[[Step], None]


@dataclass(frozen=True)
class Run:
    """An execution: the notebook with its outputs, and the failure that stopped it, if any."""

    path: Path
    notebook: Any
    seconds: float
    failure: NotebookError | None = None


@dataclass
class Execution:
    """One notebook on its way through a kernel. `run` blocks; `kill` may come from another thread."""

    path: Path
    notebook: Any
    environment: Mapping[str, str] = field(default_factory=dict)
    cell_timeout: float = CELL_TIMEOUT
    progress: Progress | None = None
    _manager: Any = None
    _killed: bool = False

    def run(self) -> Run:
        """Run every cell; a failing one ends the run and becomes its `failure`."""
        try:
            from nbclient import NotebookClient
            from nbclient.exceptions import CellExecutionError, CellTimeoutError
        except ImportError as error:
            raise MissingDependencyError("nbclient", extra="export") from error
        started = time.monotonic()
        current = 0

        def on_start(cell_index: int, **_rest: Any) -> None:
            nonlocal current
            current = cell_index
            if self._killed:
                self.kill()

        def on_done(cell_index: int, execute_reply: Any, **_rest: Any) -> None:
            if execute_reply["content"]["status"] == "ok":
                self._tell(cell_index + 1, started)

        self._manager = kernel_manager()
        client = NotebookClient(
            self.notebook,
            km=self._manager,
            timeout=self.cell_timeout,
            store_widget_state=False,  # five megabytes of script per figure widget
            record_timing=False,
            on_cell_start=on_start,
            on_cell_executed=on_done,
        )
        failure: NotebookError | None = None
        self._tell(0, started)
        try:
            asyncio.run(
                client.async_execute(cleanup_kc=True, env=kernel_environment(self.environment), cwd=str(Path.cwd()))
            )
        except CellExecutionError as error:
            failure = self._failed(current, f"{error.ename}: {error.evalue}", "correct that cell, or its input.")
        except CellTimeoutError:
            failure = self._failed(
                current,
                f"still running after {self.cell_timeout:g} s.",
                "give it more time with a larger cell timeout.",
            )
        except RuntimeError as error:  # of the kernel: it died, or did so before it had started
            failure = self._failed(current, f"the kernel failed: {error}.", "look for a crash or too little memory.")
        finally:  # nbclient forgets its hook if the kernel dies while it starts
            atexit.unregister(client._cleanup_kernel)  # noqa: SLF001
        if failure is not None:
            self._tell(current, started, failed=True)
        seconds = time.monotonic() - started
        _keep_plotly_data_only(self.notebook)
        self.notebook.metadata["obslib"] = {
            "version": __version__,
            "executed_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(seconds, 1),
            "parameters": parameters_of(self.notebook),
        }
        return Run(self.path, self.notebook, seconds, failure)

    def kill(self) -> None:
        """End the kernel at once; a `run` in another thread then returns with a failure."""
        self._killed = True
        process = getattr(getattr(self._manager, "provisioner", None), "process", None)
        if process is not None:
            process.kill()

    def _tell(self, cells_done: int, started: float, *, failed: bool = False) -> None:
        if self.progress is None:
            return
        is_code = [cell.cell_type == "code" for cell in self.notebook.cells]
        done = sum(is_code[:cells_done])
        self.progress(Step(self.path.stem, done, sum(is_code), time.monotonic() - started, failed))

    def _failed(self, index: int, what: str, fix: str) -> NotebookError:
        cells = self.notebook.cells
        lines = cells[index].source.splitlines()
        shown = [f"    {line}" for line in lines[:_EXCERPT_LINES]]
        shown += [f"    ... {len(lines) - _EXCERPT_LINES} more lines"] if len(lines) > _EXCERPT_LINES else []
        excerpt = "\n".join(shown)
        return NotebookError(f"{self.path.name}, cell {index + 1} of {len(cells)}: {what}\n{excerpt}", fix=fix)


def prepare(
    path: Path,
    *,
    parameters: Mapping[str, Value] | None = None,
    profile: str | None = None,
    last: str | None = None,
    cell_timeout: float = CELL_TIMEOUT,
    environment: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Execution:
    """Read a notebook and set its parameters; `profile` and `last` are parameters of these names.

    Raises
    ------
    NotebookError
        If the file is no notebook.
    InputError
        If it lacks a parameter that was given.
    """
    given = {"profile": profile, "last": last}
    values = {name: value for name, value in given.items() if value is not None} | dict(parameters or {})
    notebook = with_parameters(read_notebook(path), values, name=path.name)
    return Execution(path, notebook, environment or {}, cell_timeout, progress)


def run_notebook(
    path: str | Path,
    *,
    parameters: Mapping[str, Value] | None = None,
    profile: str | None = None,
    last: str | None = None,
    out_ipynb: str | Path | None = None,
    cell_timeout: float = CELL_TIMEOUT,
    progress: Progress | None = None,
) -> Any:
    """Execute a notebook in a fresh kernel of this interpreter and return it with its outputs.

    Parameters
    ----------
    path
        The notebook; it is not changed.
    parameters
        Values for names set in the cell tagged `parameters`.
    profile, last
        Shorthands for the parameters of these names: where data comes from, and how far back.
    out_ipynb
        Where to write the executed notebook, also when a cell fails. Charts are kept as data.
    cell_timeout
        Seconds a single cell may take.
    progress
        Called with a `Step` at the start and after each cell, from another thread.

    Returns
    -------
    nbformat.NotebookNode
        `metadata.obslib` has the version, time, seconds and parameters of the run.

    Raises
    ------
    NotebookError
        If a cell fails: names the notebook, the cell, its source and the error.
    InputError
        If the notebook lacks a parameter that was given.
    """
    execution = prepare(
        Path(path), parameters=parameters, profile=profile, last=last, cell_timeout=cell_timeout, progress=progress
    )
    run = in_thread(execution)
    if out_ipynb is not None:
        write_notebook(run.notebook, Path(out_ipynb))
    if run.failure is not None:
        raise run.failure
    return run.notebook


def in_thread(execution: Execution) -> Run:
    """Run beside the caller's event loop, if it has one, and end the kernel if it is interrupted."""
    with ThreadPoolExecutor(1, thread_name_prefix="notebook") as pool:
        future = pool.submit(execution.run)
        try:
            return future.result()
        except KeyboardInterrupt:
            execution.kill()
            raise


def write_notebook(notebook: Any, path: Path) -> None:
    """Write an .ipynb, making its folder."""
    import nbformat

    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def _keep_plotly_data_only(notebook: Any) -> None:
    """Where a chart is stored as data, its copy as HTML is up to five megabytes of the same script."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if PLOTLY_MIME in data:
                data.pop("text/html", None)
