"""The tutorial's commands run, in their order, and print what it shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"


def blocks() -> list[tuple[str, list[str]]]:
    """Return each command of the console blocks with the lines shown below it."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", TUTORIAL.read_text("utf-8"), re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif line.strip():
                found[-1][1].append(line)
    return found


def test_commands_of_the_tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    commands = blocks()
    assert len(commands) >= 10
    assert sum(len(shown) for _, shown in commands) >= 10
    for command, shown in commands:
        words = shlex.split(command)
        assert words[0] == "digonce"
        answer = CliRunner().invoke(app, words[1:])
        assert answer.exit_code == 0, f"{command}\n{answer.output}"
        for line in shown:
            assert line in answer.output, f"{command}\n{answer.output}"
    for name in ("demo/map.html", "demo/report/index.html", "map.html", "report/index.html",
                 "findings/findings.csv", "pairs.csv"):  # fmt: skip
        assert (tmp_path / name).stat().st_size > 0
