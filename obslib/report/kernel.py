"""Kernels that are this very interpreter, whatever kernelspecs are registered on the machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from obslib.core.errors import MissingDependencyError

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager

KERNEL = "python3"


def kernel_manager() -> AsyncKernelManager:
    """A manager (not started) whose kernel runs on `sys.executable`.

    Raises
    ------
    MissingDependencyError
        If the packages of the `export` extra are absent.
    """
    try:
        from ipykernel.kernelspec import RESOURCES, get_kernel_dict
        from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager
    except ImportError as error:
        raise MissingDependencyError(error.name or "ipykernel", extra="export") from error

    class ThisInterpreter(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:  # noqa: ARG002 - whatever the notebook asks for
            return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())

    manager = AsyncKernelManager(kernel_name=KERNEL, kernel_spec_manager=ThisInterpreter())
    if manager.has_trait("transport_encryption"):  # newer kernels warn in the notebook's output without it
        manager.transport_encryption = "auto"
    return manager


def kernel_environment(extra: Mapping[str, str]) -> dict[str, Any]:
    """The environment of a kernel: ours, with charts stored as data and never as scripts."""
    return {**os.environ, "PLOTLY_RENDERER": "plotly_mimetype", **extra}
