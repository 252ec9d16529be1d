"""The command itself: help for newcomers, exit codes, errors without a traceback."""

from __future__ import annotations

import subprocess
import sys

import pytest

from obslib import __version__
from obslib.cli import COMMANDS, main


def test_help_lists_every_command_and_a_first_step(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    shown = capsys.readouterr().out
    assert stop.value.code == 0
    assert all(name in shown for name in COMMANDS)
    assert "obslib demo" in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert len(capsys.readouterr().out) > 200


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["store"], ["store", "info"]])
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: obslib" in capsys.readouterr().err


def test_an_error_is_a_message_with_a_fix_and_exit_code_1(tmp_path, capsys: pytest.CaptureFixture[str]):
    assert main(["store", "info", str(tmp_path)]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("obslib: StoreError: ")
    assert "To fix:" in shown
    assert "Traceback" not in shown


def test_python_dash_m_is_the_same_command():
    answer = subprocess.run([sys.executable, "-m", "obslib", "--version"], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == f"obslib {__version__}"
