"""Workbooks of other kinds (.xls of Excel and WPS, .xlsb, .ods) as sheets.

They are read by compiled code in a process of its own with a limit on memory and time
(`data.calamine_child`): whatever a file does to it, this process goes on. What that reader does not
tell (cells that hold an error, formulas never computed, hidden rows) is blank here.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from data import calamine_child
from data.read_xlsx import BrokenWorkbookError
from data.sheets import MOST_CELLS, MOST_COLUMNS, MOST_ROWS, Sheet, TooLargeError

MOST_OLD_BYTES = 100_000_000
"""A larger .xls is no list of projects: it holds at most 65,536 rows per sheet."""

MOST_CHILD_BYTES = 3_000_000_000
MOST_CHILD_SECONDS = 120


class PasswordNeededError(ValueError):
    """The workbook is encrypted."""


def read_old_workbook(path: Path) -> list[Sheet]:
    """Return all worksheets of a workbook that is no XLSX.

    Raises
    ------
    BrokenWorkbookError
        When it cannot be read within the limits.
    PasswordNeededError
        When it is encrypted.
    TooLargeError
        When it has more than `data.sheets.MOST_CELLS` filled cells, or the file is larger than
        `MOST_OLD_BYTES`.
    """
    size = path.stat().st_size
    if size > MOST_OLD_BYTES:
        raise TooLargeError
    # A few thousand bytes can keep the reader busy for ever; real ones take a second for a megabyte.
    seconds = min(MOST_CHILD_SECONDS, 20 + size // 500_000)
    command = [
        sys.executable, "-I", str(Path(calamine_child.__file__)), str(path.resolve()),
        str(MOST_CHILD_BYTES), str(seconds),
    ]  # fmt: skip
    with subprocess.Popen(  # noqa: S603 - our own file, no shell
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    ) as child:
        timer = threading.Timer(MOST_CHILD_SECONDS, child.kill)
        timer.start()
        try:
            if child.stdout is None:
                raise BrokenWorkbookError(path.name)
            sheets = _sheets(child.stdout)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            child.kill()
            if isinstance(error, TooLargeError):
                raise
            raise BrokenWorkbookError(path.name) from None
        finally:
            timer.cancel()
        status = child.wait()
    if status == calamine_child.EXIT_PASSWORD:
        raise PasswordNeededError(path.name)
    if status != 0:
        raise BrokenWorkbookError(path.name)
    return sheets


def _sheets(lines: Any) -> list[Sheet]:
    sheets: list[Sheet] = []
    count = 0
    for line in lines:
        said = json.loads(line)
        if isinstance(said, dict):
            sheet = Sheet(said["sheet"], hidden=said["hidden"])
            sheet.merged = [(r0, c0, r1, c1) for (r0, c0), (r1, c1) in said["merged"]]
            sheets.append(sheet)
            continue
        row, filled = said
        count += len(filled)
        if count > MOST_CELLS:
            raise TooLargeError
        if not 0 <= row < MOST_ROWS:
            raise BrokenWorkbookError
        for column, value in filled:
            if 0 <= column < MOST_COLUMNS:
                sheets[-1].put(row, column, _value(value))
    return sheets


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return datetime.fromisoformat(value["day"])
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value
