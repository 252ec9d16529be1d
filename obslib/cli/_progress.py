"""Progress of running notebooks: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import time
from typing import TextIO

from obslib.report.running import Step


class Display:
    """Shows steps on a stream as they come; `close` ends the live line.

    Parameters
    ----------
    stream
        Where to write; a terminal gets one line that is rewritten.
    total
        How many notebooks there are.
    """

    def __init__(self, stream: TextIO, *, total: int) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._total = total
        self._running: dict[str, Step] = {}
        self._finished = 0
        self._started = time.monotonic()

    def __call__(self, step: Step) -> None:
        """Show one step."""
        over = step.failed or step.done == step.cells
        if over:
            self._running.pop(step.notebook, None)
            self._finished += 1
            word = "FAILED" if step.failed else "ran"
            self._line(
                f"{word:>8} {step.notebook} ({step.done} of {step.cells} {_cells(step.cells)}, {step.seconds:.1f} s)"
            )
        else:
            if step.done == 0 and not self._live:
                self._line(f" started {step.notebook} ({step.cells} {_cells(step.cells)})")
            self._running[step.notebook] = step
        self._status()

    def close(self) -> None:
        """Leave the terminal's last line clean."""
        if self._live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _line(self, text: str) -> None:
        self._stream.write(f"\r\x1b[K{text}\n" if self._live else f"{text}\n")
        self._stream.flush()

    def _status(self) -> None:
        if not self._live:
            return
        running = "  ".join(f"{step.notebook} {step.done}/{step.cells}" for step in self._running.values())
        elapsed = time.monotonic() - self._started
        text = f"{self._finished} of {self._total} notebooks, {elapsed:.0f} s  {running}"
        self._stream.write(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}")
        self._stream.flush()


def _cells(count: int) -> str:
    return "cell" if count == 1 else "cells"
