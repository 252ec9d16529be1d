"""The notebooks that come with the package."""

from __future__ import annotations

import pytest

from obslib.core.errors import InputError
from obslib.report import packaged
from tests.report.support import prose, saved


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A package with two notebooks, a picture beside them and what editors leave behind."""
    folder = tmp_path / "shipped"
    (folder / "pictures").mkdir(parents=True)
    (folder / ".ipynb_checkpoints").mkdir()
    saved(folder, "01_b", prose("# B"))
    saved(folder, "00_a", prose("# A"))
    saved(folder / ".ipynb_checkpoints", "00_a-checkpoint", prose("# old"))
    (folder / "pictures" / "x.png").write_bytes(b"png")
    monkeypatch.setattr(packaged, "notebooks_folder", lambda: folder)
    return folder


def test_notebooks_come_in_reading_order(shipped):
    assert [path.stem for path in packaged.packaged_notebooks()] == ["00_a", "01_b"]


def test_a_wheel_has_them_inside_and_a_checkout_beside(tmp_path, monkeypatch):
    package = tmp_path / "obslib"
    package.mkdir()
    monkeypatch.setattr(packaged.obslib, "__file__", str(package / "__init__.py"))
    (tmp_path / "notebooks").mkdir()
    saved(tmp_path / "notebooks", "00_a", prose("# A"))
    assert packaged.notebooks_folder() == tmp_path / "notebooks"
    (package / "_notebooks").mkdir()
    saved(package / "_notebooks", "00_a", prose("# A"))
    assert packaged.notebooks_folder() == package / "_notebooks"


def test_a_notebook_is_found_by_path_or_name(shipped, tmp_path):
    own = saved(tmp_path, "own", prose("# Own"))
    assert packaged.find_notebook(str(own)) == own
    assert packaged.find_notebook("00_a") == packaged.find_notebook("00_a.ipynb") == shipped / "00_a.ipynb"


@pytest.mark.parametrize("name", ["00_x", "elsewhere/00_a.ipynb"])
def test_an_unknown_notebook_names_the_known(shipped, name):
    with pytest.raises(InputError, match="there is no notebook") as caught:
        packaged.find_notebook(name)
    assert "00_a" in str(caught.value)


def test_a_copy_takes_pictures_along_and_leaves_checkpoints(shipped, tmp_path):
    copied = packaged.copy_notebooks(tmp_path / "mine")
    assert copied.new == ("00_a.ipynb", "01_b.ipynb", "pictures/x.png")
    assert copied.kept == ()
    assert packaged.copy_notebooks(tmp_path / "mine") == packaged.Copied((), ())


def test_a_copy_restores_what_was_deleted_and_keeps_what_was_changed(shipped, tmp_path):
    packaged.copy_notebooks(tmp_path / "mine")
    (tmp_path / "mine" / "00_a.ipynb").unlink()
    (tmp_path / "mine" / "01_b.ipynb").write_text("changed")
    copied = packaged.copy_notebooks(tmp_path / "mine")
    assert (copied.new, copied.kept) == (("00_a.ipynb",), ("01_b.ipynb",))
    assert (tmp_path / "mine" / "01_b.ipynb").read_text() == "changed"
