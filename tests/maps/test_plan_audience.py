"""Files of a plan tell a reader no more of others' confidential projects than that there is somebody."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from api.planning import Planned, page_of, tables_of, write_files
from coordination.audience import ANYBODY, COORDINATOR, Audience
from coordination.plan_story import road_changes
from maps.plan_story import plan_pictures

SECRET_NAME = "机要电缆"


@pytest.fixture(scope="module")
def secret(planned: Planned) -> tuple[Planned, list[str]]:
    """Return the plan with secrets of three kinds, and their codes.

    One member of the first bundle, all of the second, and whoever breaks a rule or is told apart.
    """
    first, second = planned.compared.bundles[:2]
    broken, apart = planned.tables.broken, planned.tables.apart
    codes = [
        first.members[0].code, *second.codes, apart["code_a"][0],
        broken.loc[broken["plan"] == "optimised", "code"].iloc[0],
    ]  # fmt: skip
    assert first.members[1].code not in codes
    projects = planned.city.projects.copy()
    rows = projects["code"].isin(codes)
    projects.loc[rows, "confidential"] = True
    projects.loc[rows, ["name", "name_en"]] = SECRET_NAME
    projects.loc[rows, "owner_unit"] = "机要处"
    return replace(planned, city=replace(planned.city, projects=projects)), codes


def words_in(path: Path) -> str:
    """Return what a file holds, of a workbook all its parts."""
    if path.suffix != ".xlsx":
        return path.read_text("utf-8")
    with zipfile.ZipFile(path) as book:
        return "\n".join(book.read(name).decode("utf-8") for name in book.namelist())


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("audience", [ANYBODY, Audience(unit="给水公司")])
def test_no_file_names_what_its_reader_may_not_see(
    secret: tuple[Planned, list[str]], tmp_path: Path, lang: str, audience: Audience
) -> None:
    planned, codes = secret
    ids = {
        one.bundle_id for one in planned.compared.bundles if not set(codes).isdisjoint(one.codes)
    }
    paths = write_files(tmp_path, planned, lang=lang, audience=audience)
    assert {path.name for path in paths} == {
        "schedule.csv", "bundles.csv", "bundles.geojson", "comparison.json", "broken.csv",
        "not_bundled.csv", "schedule.xlsx", "plan.html", "plan_map.html",
    }  # fmt: skip
    for path in paths:
        told = words_in(path)
        for word in (*codes, *ids, SECRET_NAME, "机要处"):
            assert word not in told, (path.name, word)
    everything = "\n".join(
        words_in(path)
        for path in write_files(tmp_path, planned, lang=lang, audience=COORDINATOR)
        if path.suffix == ".csv"
    )
    assert all(word in everything for word in (*codes, *ids))


def test_a_bundle_shows_the_ground_and_days_of_those_that_are_named(
    secret: tuple[Planned, list[str]], tmp_path: Path
) -> None:
    planned, codes = secret
    first, second = planned.compared.bundles[:2]
    tables = tables_of(planned, audience=ANYBODY)
    row = tables.bundles.iloc[0]
    named = next(one for one in first.members if one.code not in codes)
    assert row["codes"].split() == [named.code, row["codes"].split()[1]]
    assert re.fullmatch(r"confidential-\d+", row["codes"].split()[1])
    assert row["bundle_id"] == "confidential-B1"
    works = planned.context.works
    ground = works.loc[works["code"] == named.code].geometry.union_all()
    assert shapely.equals(row.geometry, ground)
    assert (row["start"], row["finish"]) == (
        str(pd.Timestamp(named.start_day, unit="D").date()),
        str(pd.Timestamp(named.finish_day - 1, unit="D").date()),
    )
    assert "涉密" in row["members_zh"]
    # Of a bundle of nobody that may be named there is nothing left to tell.
    assert len(tables.bundles) == len(planned.tables.bundles) - 1
    assert not set(tables.bundles["codes"]) & {" ".join(second.codes)}
    path = write_files(tmp_path, planned, lang="zh")[4]
    assert path.name == "bundles.geojson"
    assert len(gpd.read_file(path)) == len(tables.bundles)
    assert "NaN" not in path.read_text("utf-8")


def test_of_a_bundle_with_somebody_hidden_no_metres_and_no_money_are_told(
    secret: tuple[Planned, list[str]],
) -> None:
    planned, codes = secret
    first = planned.compared.bundles[0]
    tables = tables_of(planned, audience=ANYBODY)
    row = tables.bundles.iloc[0]
    figures = ["length_m", "metres_saved", "saving_low_wan", "saving_mid_wan", "saving_high_wan"]
    assert row[figures].isna().all()
    assert tables.bundles[figures].notna().any().all()
    assert "涉密" in row["formula_zh"]
    whole = planned.tables.bundles.iloc[0]
    assert whole[figures].notna().all()
    named = next(one for one in first.members if one.code not in codes)
    reason = tables.schedule.set_index("code").loc[named.code, "reason_en"]
    assert f"({named.roads[0]})" in reason
    assert "confidential-" in reason
    assert "opens some" not in reason
    metres = f"{first.length_m:.0f} m"
    assert metres in str(whole["members_en"])
    assert metres not in str(row["members_en"])
    page = page_of(planned, lang="zh")
    assert whole["formula_zh"] not in page
    assert whole["formula_zh"] in page_of(planned, lang="zh", audience=COORDINATOR)


def test_openings_of_a_road_with_somebody_hidden_show_no_days(planned: Planned) -> None:
    project = planned.problem.works["project"].to_numpy()
    road = next(one for one in road_changes(planned.compared) if len(one.works) > 1)
    hidden = frozenset({int(project[road.works[0]])})
    seen, veiled = (
        plan_pictures(planned.compared, [], [road], lang="zh", hidden=rows)[f"road:{road.road}"]
        for rows in (frozenset[int](), hidden)
    )
    own = sum(int(project[work]) in hidden for work in road.works)
    openings = len(road.filed) + len(road.scheduled)
    assert seen.count("<rect") - veiled.count("<rect") == openings + 2 * own


def test_rows_with_somebody_hidden_are_left_out_and_the_rest_stays(
    secret: tuple[Planned, list[str]],
) -> None:
    planned, codes = secret
    tables, whole = tables_of(planned, audience=ANYBODY), planned.tables
    assert tables.schedule["code"].tolist() == [
        code for code in whole.schedule["code"] if code not in codes
    ]
    for mine, all_of_it, names in (
        (tables.apart, whole.apart, ["code_a", "code_b"]),
        (tables.broken, whole.broken, ["code", "other"]),
    ):
        kept = all_of_it[~all_of_it[names].isin(codes).any(axis=1)].reset_index(drop=True)
        assert 0 < len(kept) < len(all_of_it)
        pd.testing.assert_frame_equal(mine.reset_index(drop=True), kept)
    assert tables.comparison == whole.comparison


def test_its_own_unit_and_the_office_see_the_whole(secret: tuple[Planned, list[str]]) -> None:
    planned, _ = secret
    for audience in (COORDINATOR, Audience(unit="机要处")):
        assert tables_of(planned, audience=audience) is planned.tables
