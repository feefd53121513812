"""The score of the data: literal figures, and what is counted how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box

from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from coordination.quality import DEFAULT, GROUPS, Quality, quality

DAY = pd.Timestamp("2026-03-01")
WHOLE: Mapping[str, Any] = {
    "code": "A", "owner_unit": "水务局", "town": "安亭镇", "cost_wan": 5.0, "start": DAY,
    "finish": DAY + pd.Timedelta(days=30), "start_precision": "day", "finish_precision": "day",
    "method": "open_cut", "road": "甲路", "length_m": 100.0, "area_m2": 400.0,
    "geometry": box(0, 0, 100, 4), "footprint_source": "polygon",
}  # fmt: skip


def told(*rows: Mapping[str, Any], **more: Any) -> Quality:
    table = pd.DataFrame([dict(row) for row in rows])
    projects = as_fields(table.drop_duplicates("code").reset_index(drop=True), PROJECT_FIELDS)
    sites = as_fields(table, SITE_FIELDS)
    sites.insert(0, "project_code", table["code"])
    for name in ("footprint_source", "inferred", "confirmed"):
        sites[name] = table.get(name)
    shapes = [row.get("geometry") for row in rows]
    return quality(projects, gpd.GeoDataFrame(sites, geometry=shapes, crs=4549), **more)


def without(*names: str, **values: Any) -> dict[str, Any]:
    return {name: value for name, value in WHOLE.items() if name not in names} | values


@pytest.mark.parametrize(
    ("row", "score"),
    [
        (WHOLE, 100.0),
        ({"code": "A"}, 5.0),
        (without("geometry", "footprint_source"), 75.0),
        (without("finish", "finish_precision"), 87.5),
        (without("cost_wan"), 90.0),
        (without(cost_wan=0.0), 90.0),
        (without("method"), 85.0),
        (without("owner_unit"), 90.0),
        (without("road"), 95.0),
        (without("length_m"), 97.5),
        # Off by more than three tenths: half of the points of that size.
        (without(area_m2=4000.0), 98.75),
        (without(area_m2=450.0), 100.0),
        # Inferred counts 0.6, confirmed in full; a code that the reader made 0.6.
        (without(inferred="finish"), 95.0),
        (without(inferred="finish", confirmed="finish"), 100.0),
        (without(inferred="geometry"), 90.0),
        (without(code="auto-0123"), 98.0),
        # A quarter counts 0.8, a year half.
        (without(start_precision="quarter"), 97.5),
        (without(start_precision="year", finish_precision="year"), 87.5),
        (without(start_precision="year", inferred="start"), 91.25),
    ],
)
def test_score(row: Mapping[str, Any], score: float) -> None:
    assert told(row).score == pytest.approx(score)


def test_the_weights_are_points_of_a_hundred() -> None:
    assert set(DEFAULT.weights) == set(GROUPS)
    assert sum(DEFAULT.weights.values()) == 100.0


def test_sites_count_with_their_mean_and_their_worst_state() -> None:
    one = told(WHOLE, without("geometry", "footprint_source"))
    assert one.score == pytest.approx(87.5)
    row = one.rows("all").iloc[0]
    assert (row["projects"], row["place_missing"], row["with_place"]) == (1, 1, 0)


def test_projects_count_alike_by_unit_town_and_file() -> None:
    sources = pd.DataFrame({"project_code": ["A", "B"], "source_file": ["x.csv", "y.csv"]})
    several = told(WHOLE, {"code": "B", "owner_unit": "燃气公司"}, {"code": "C"}, sources=sources)
    assert several.score == pytest.approx((100 + 15 + 5) / 3)
    by_unit = several.rows("unit")
    assert dict(zip(by_unit["name"], by_unit["score"], strict=True)) == {
        "": 5.0, "水务局": 100.0, "燃气公司": 15.0,
    }  # fmt: skip
    assert several.rows("file")["name"].tolist() == ["", "x.csv", "y.csv"]
    whole = several.document("all")[0]
    assert whole["coverage"]["place"] == {"projects": 1, "share": 0.3333}
    assert whole["groups"]["cost"] == {
        "missing": 2, "contradicting": 0, "inferred": 0, "confirmed": 0, "given": 1, "points": 3.3,
    }  # fmt: skip
    assert [gap.group for gap in several.gaps()] == ["place", "time", "method"]
    assert several.gaps()[0].points == pytest.approx(50 / 3)


def test_withdrawn_projects_do_not_count_and_nothing_has_no_score() -> None:
    assert told(WHOLE, {"code": "B", "stage": "withdrawn"}).score == 100.0
    none = told({"code": "B", "stage": "withdrawn"})
    assert (none.document("all")[0]["projects"], none.document("all")[0]["score"]) == (0, None)
    assert none.gaps() == ()


def test_a_project_without_sites_lacks_what_sites_say() -> None:
    projects = as_fields(pd.DataFrame({"code": ["A"], "owner_unit": ["u"]}), PROJECT_FIELDS)
    sites = as_fields(pd.DataFrame(), SITE_FIELDS).assign(project_code=pd.Series(dtype="str"))
    one = quality(projects, gpd.GeoDataFrame(sites, geometry=[], crs=4549))
    assert one.score == 15.0
