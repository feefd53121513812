"""The workbook of a plan."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from api.planning import Planned, write_files


@pytest.mark.parametrize(
    ("lang", "names", "word"),
    [
        ("zh", ["统筹计划", "项目包", "方案对比", "未能合并"], "项目编号"),
        ("en", ["schedule", "bundles", "comparison", "not bundled"], "code"),
    ],
)
def test_four_sheets_hold_what_the_files_hold(
    planned: Planned, tmp_path: Path, lang: str, names: list[str], word: str
) -> None:
    paths = write_files(tmp_path, planned, lang=lang)
    assert {"plan.html", "plan_map.html", "schedule.xlsx"} <= {path.name for path in paths}
    book = openpyxl.load_workbook(tmp_path / "schedule.xlsx")
    assert book.sheetnames == names
    schedule, bundles, plans, apart = (list(sheet.values) for sheet in book)
    assert schedule[0][0] == word
    assert len(schedule) == 1 + len(planned.tables.schedule)
    assert isinstance(schedule[1][1], datetime)
    assert [row[0] for row in bundles[1:]] == planned.tables.bundles["bundle_id"].tolist()
    assert len(plans) == 1 + 5
    assert plans[4][1] == planned.compared.table()["optimised"]["metres_opened"]
    assert len(apart) == 1 + len(planned.tables.apart)
    headers = [name for rows in (schedule, bundles, plans, apart) for name in rows[0]]
    assert not [name for name in headers if "_" in name or name.startswith("plan.")]
