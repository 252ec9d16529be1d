"""The notebooks that come with obslib: in the wheel, or beside the package in a checkout."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import obslib
from obslib.core.errors import InputError, nearest


def notebooks_folder() -> Path:
    """The folder of the packaged notebooks.

    Raises
    ------
    InputError
        If the installation has none.
    """
    package = Path(obslib.__file__).parent
    for folder in (package / "_notebooks", package.parent / "notebooks"):
        if any(folder.glob("*.ipynb")):
            return folder
    raise InputError("this installation has no notebooks.", fix="install obslib again, from a wheel or a checkout.")


def packaged_notebooks() -> list[Path]:
    """All packaged notebooks, in their reading order."""
    return sorted(notebooks_folder().glob("*.ipynb"))


def find_notebook(name: str) -> Path:
    """A notebook by its path, or a packaged one by its name (`00_start_here`).

    Raises
    ------
    InputError
        If there is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    packaged = {one.stem: one for one in packaged_notebooks()}
    if path.name.removesuffix(".ipynb") in packaged and path.parent == Path():
        return packaged[path.name.removesuffix(".ipynb")]
    raise InputError(
        f"there is no notebook {name!r}.", fix=f"give a path, or a packaged name: {nearest(name, packaged)}"
    )


@dataclass(frozen=True)
class Copied:
    """What a copy did: `new` files written, `kept` ones that differ from the packaged and were left alone."""

    new: tuple[str, ...]
    kept: tuple[str, ...]


def copy_notebooks(folder: Path) -> Copied:
    """Copy the packaged notebooks (and what lies beside them) to a folder; no existing file is changed."""
    source = notebooks_folder()
    new, kept = [], []
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        if not path.is_file() or any(part.startswith((".", "__")) for part in name.parts):
            continue
        target = folder / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            new.append(str(name))
        elif target.read_bytes() != path.read_bytes():
            kept.append(str(name))
    return Copied(tuple(new), tuple(kept))
