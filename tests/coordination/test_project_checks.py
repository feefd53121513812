"""Whole-table checks of projects."""

from __future__ import annotations

import pandas as pd
import pytest

from coordination.project_checks import (
    check_known,
    check_same_project,
    check_site_ids,
    check_sizes,
    check_windows,
    known_projects,
)


def test_every_pair_of_days_is_checked() -> None:
    early, late = pd.Timestamp("2025-01-01"), pd.Timestamp("2025-02-01")
    names = ["start", "finish", "earliest_start", "latest_finish", "permit_start", "permit_finish"]
    rows = pd.DataFrame({"row": [4]} | {n: [late if "start" in n else early] for n in names})
    found = check_windows(rows, {"finish": "计划竣工"})
    assert [(fault.row, fault.column) for fault in found] == [
        (4, "计划竣工"), (4, "latest_finish"), (4, "permit_finish"),
    ]  # fmt: skip
    assert (
        check_windows(rows.assign(finish=late, latest_finish=late, permit_finish=pd.NaT), {}) == []
    )


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [("length_m", -1, True), ("length_m", 0, False), ("length_m", 200_000, False),
     ("length_m", 200_001, True), ("width_m", 501, True), ("cost_wan", -0.1, True),
     ("cost_wan", 0, False), ("duration_days", None, False), ("depth_m", -2, False)],
)  # fmt: skip
def test_sizes(name: str, value: float | None, wrong: bool) -> None:
    rows = pd.DataFrame({"row": [2], name: pd.Series([value], dtype="Float64")})
    assert [fault.code for fault in check_sizes(rows, {})] == ["number_out_of_range"] * wrong


def test_rows_of_one_project() -> None:
    rows = pd.DataFrame(
        {"row": [1, 2, 3, 4], "code": ["A", "A", "A", "B"], "sector": [None, "road", "river", "fire"],
         "cost_wan": [1.0, float("nan"), 2.0, 9.0]}
    )  # fmt: skip
    found = check_same_project(rows, {"sector": "行业"})
    assert [(f.row, f.column, f.params["expected"], f.params["first_row"]) for f in found] == [
        (3, "行业", "road", 2), (3, "cost_wan", "1.0", 1),
    ]  # fmt: skip


def test_site_ids_may_repeat_between_projects_only() -> None:
    rows = pd.DataFrame({"row": [1, 2, 3], "code": ["A", "B", "A"], "site_id": ["1", "1", "1"]})
    assert [fault.row for fault in check_site_ids(rows, {})] == [3]


def test_what_the_store_knows() -> None:
    projects = pd.DataFrame(
        {"code": ["A", "B"], "owner_unit": ["u", "v"], "sector": ["road", "fire"]}
    )
    sites = pd.DataFrame({"project_code": ["A", "A"], "road": ["r", "s"], "site_id": ["1", "2"]})
    known = known_projects(projects, sites)
    assert known["code"].tolist() == ["A", "A", "B"]
    rows = pd.DataFrame(
        {"row": [2, 3], "code": ["A", "B"], "owner_unit": ["x", "x"], "road": ["s", "t"]}
    )
    # A keeps a road, and of B no road was known: both are updates.
    assert check_known(rows, known, {}) == []
    moved = rows.assign(road=["t", "t"])
    assert [(f.row, f.params["road"]) for f in check_known(moved, known, {})] == [(2, "r, s")]


def test_a_cell_of_several_roads_names_the_roads_of_the_sites() -> None:
    stored = pd.DataFrame({"code": ["A", "A"], "owner_unit": "gas", "road": ["甲路", "乙路"]})
    row = pd.DataFrame({"row": [2], "code": ["A"], "owner_unit": ["gas company"]})
    assert check_known(row.assign(road="甲路、丙路"), stored, {}) == []
    (fault,) = check_known(row.assign(road="丙路、丁路"), stored, {})
    assert fault.code == "code_means_another"
