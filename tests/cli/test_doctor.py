"""`obslib doctor`: a line per finding, a fix per fault."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from obslib.cli import doctor, main
from obslib.cli.doctor import Finding
from obslib.core.protocols import Health
from obslib.store.store import Store


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("OBSLIB_HOME", str(tmp_path / "home"))
    return tmp_path


def test_a_fresh_installation_is_well(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "core packages: duckdb" in shown
    assert "profile demo: not built yet" in shown
    assert "all well." in shown


def test_every_broken_profile_has_its_fix(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "obslib.toml").write_text(
        '[profiles.gone]\nsource = "store"\npath = "nowhere"\n[profiles.typo]\nsource = "stroe"\n'
        '[profiles.secret.metrics]\nsource = "store"\npath = "x"\ntoken = {env = "NO_SUCH_VARIABLE"}\n'
    )
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    broken = {line.split()[2].rstrip(":"): lines[n + 1] for n, line in enumerate(lines) if line.startswith("FIX")}
    assert set(broken) == {"gone", "typo", "secret"}
    assert all(line.strip().startswith("->") for line in broken.values())
    assert "did you mean 'store'" in broken["typo"]
    assert lines[-1] == "3 to fix."


def test_a_profile_that_works_says_what_it_holds_on_one_line(folder: Path, capsys: pytest.CaptureFixture[str]):
    Store.create(folder / "telemetry")
    (folder / "obslib.toml").write_text('[profiles.here]\nsource = "store"\npath = "telemetry"\n')
    assert main(["doctor", "here"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "profile here" in line]
    assert lines == [f"ok   profile here: metrics, logs, traces, events: {folder / 'telemetry'}: empty"]


def test_a_toml_that_cannot_be_read_is_named(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "obslib.toml").write_text("[profiles.x\n")
    assert main(["doctor"]) == 1
    assert "not valid TOML" in capsys.readouterr().out


def test_a_clock_that_is_off_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch):
    class Skewed:
        def health(self) -> dict[str, Health]:
            return {"metrics": Health(ok=True, detail="server", clock_skew_seconds=42.0)}

    monkeypatch.setattr(doctor, "connect", lambda name: Skewed())
    findings = list(doctor.examine("far"))
    assert any("+42.0 s off" in one.text and "NTP" in one.fix for one in findings if not one.ok)


@pytest.mark.parametrize("skew", [0.1, -0.1, 5.0])
def test_a_clock_in_step_is_said_to_be(skew: float, monkeypatch: pytest.MonkeyPatch):
    class InStep:
        def health(self) -> dict[str, Health]:
            return {"metrics": Health(ok=True, detail="server", clock_skew_seconds=skew)}

    monkeypatch.setattr(doctor, "connect", lambda name: InStep())
    shown = [one.text for one in doctor.examine("near") if one.ok]
    assert f"profile near: clock: in step with the server, {skew:+.1f} s" in shown


@pytest.mark.parametrize("skew", [0.0, float("nan")])
def test_a_source_without_a_clock_of_its_own_has_no_clock_line(skew: float, monkeypatch: pytest.MonkeyPatch):
    class Local:
        def health(self) -> dict[str, Health]:
            return {"metrics": Health(ok=True, detail="store", clock_skew_seconds=skew)}

    monkeypatch.setattr(doctor, "connect", lambda name: Local())
    assert not any("clock" in one.text for one in doctor.examine("here"))


def test_findings_are_shown_as_they_are_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    shown: list[str] = []

    def examine(profile: str | None) -> Iterator[Finding]:
        yield Finding(True, "first")
        shown.append(capsys.readouterr().out)
        yield Finding(True, "second")

    monkeypatch.setattr(doctor, "examine", examine)
    assert main(["doctor"]) == 0
    assert shown == ["ok   first\n"]


def test_a_number_that_is_none_is_a_finding(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "obslib.toml").write_text('[profiles.small]\nsource = "demo"\nscale = "abc"\n')
    assert main(["doctor", "small"]) == 1
    assert "FIX  profile small: scale must be a number, got 'abc'" in capsys.readouterr().out


def packages(monkeypatch: pytest.MonkeyPatch, installed: dict[str, str]) -> list[Finding]:
    """What the doctor says of an installation with these versions, where obslib wants pandas 3.0 and tzdata."""

    def version(name: str) -> str:
        if name not in installed:
            raise PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(doctor, "requires", lambda _: ["pandas>=3.0", "tzdata", 'keyring>=25; extra == "keyring"'])
    monkeypatch.setattr(doctor, "version", version)
    return list(doctor._packages())


@pytest.mark.parametrize("enough", ["3", "3.0", "3.0.0", "3.0.0rc1", "3.10", "11.0"])
def test_a_package_that_is_new_enough_is_well(monkeypatch: pytest.MonkeyPatch, enough: str):
    core = packages(monkeypatch, {"pandas": enough, "tzdata": "2025.2"})[0]
    assert core == Finding(True, f"core packages: pandas {enough}, tzdata 2025.2")


@pytest.mark.parametrize("old", ["2.9.9", "2", "0.30"])
def test_a_package_that_is_too_old_comes_with_its_command(monkeypatch: pytest.MonkeyPatch, old: str):
    core = packages(monkeypatch, {"pandas": old})[0]
    assert not core.ok
    assert core.text == f"core packages: pandas {old} (too old, needs 3.0), tzdata missing"
    assert core.fix == "pip install 'pandas>=3.0' 'tzdata'"


def test_extras_show_their_version_or_their_command(monkeypatch: pytest.MonkeyPatch):
    _, *extras = packages(monkeypatch, {"elasticsearch": "9.1.0"})
    shown = {one.text.split(":")[0]: one for one in extras}
    assert set(shown) == {f"extra {name}" for name in ("lab", "export", "keyring", "elastic", "ml")}
    assert shown["extra elastic"].text.endswith("elasticsearch 9.1.0")
    assert shown["extra ml"].fix == "only if you want it: pip install 'obslib[ml]'"
