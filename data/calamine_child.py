"""Runs in a process of its own: an old or foreign workbook as lines of JSON on standard output.

Started by `data.read_old_workbooks` by its path and with nothing of this project importable, so that
a panic or an allocation without end in compiled code ends this process and no other. Every sheet is
a line with its name, whether it is hidden and what is merged; every row that holds anything a line
``[row, [[column, value], …]]``, 0-based. A day is ``{"day": "2025-03-01T00:00:00"}``.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

import python_calamine

EXIT_BROKEN, EXIT_PASSWORD = 3, 4


def limit_process(most_bytes: int, most_seconds: int) -> None:
    """Give this process so much memory [bytes] and processor time [s] from now on."""
    try:
        import resource  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (most_seconds, most_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime | dt.date):
        return {"day": value.isoformat()}
    if isinstance(value, dt.time):
        return value.strftime("%H:%M")
    return value if isinstance(value, str | int | float | bool) else str(value)


def _main(path: str, most_bytes: str, most_seconds: str) -> int:
    limit_process(int(most_bytes), int(most_seconds))
    try:
        # Not by path: the name of an uploaded file says nothing of its kind.
        with Path(path).open("rb") as stream:
            book = python_calamine.CalamineWorkbook.from_filelike(stream)
            for place, sheet in enumerate(book.sheets_metadata):
                if sheet.typ is not python_calamine.SheetTypeEnum.WorkSheet:
                    continue
                cells = book.get_sheet_by_index(place)
                hidden = sheet.visible is not python_calamine.SheetVisibleEnum.Visible
                head = {
                    "sheet": sheet.name, "hidden": hidden, "merged": cells.merged_cell_ranges or []
                }  # fmt: skip
                sys.stdout.write(json.dumps(head) + "\n")
                left = (cells.start or (0, 0))[1]  # its rows begin with the first, its columns not
                for number, row in enumerate(cells.iter_rows()):
                    filled = [
                        [left + column, _plain(value)]
                        for column, value in enumerate(row)
                        if value is not None and value != ""
                    ]
                    if filled:
                        sys.stdout.write(json.dumps([number, filled]) + "\n")
    except python_calamine.PasswordError:
        return EXIT_PASSWORD
    except (python_calamine.CalamineError, OSError, MemoryError, ValueError):
        return EXIT_BROKEN
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:4]))
