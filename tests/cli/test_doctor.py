"""`obslib doctor`: a line per finding, a fix per fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from obslib.cli import doctor, main
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
