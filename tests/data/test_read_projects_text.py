"""Rows that say in words where they are: sites on the network, or questions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from pyproj import CRS

from coordination import Policy
from coordination.extents.located import Gazetteer
from data.read_projects import ReadProjects, read_projects
from geo.road_network import build_network

METRIC = CRS(4549)
EAST, NORTH = 600_000.0, 3_470_000.0
ROADS = {
    "甲路": [(0, 0), (1000, 0)],
    "乙路": [(100, -200), (100, 200)],
    "丙路": [(500, -200), (500, 200)],
    "丁南路": [(900, -200), (900, 200)],
}


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    """One road from west to east that three others cross, each 10 m wide."""
    lines = gpd.GeoDataFrame(
        {
            "source_id": list(ROADS), "road": list(ROADS), "road_class": "local", "width_m": 10.0,
            "oneway": False, "level": 0,
        },
        geometry=[
            shapely.LineString([(EAST + x, NORTH + y) for x, y in line]) for line in ROADS.values()
        ],
        crs=METRIC,
    )  # fmt: skip
    return Gazetteer(build_network(lines, width_m={"local": 10.0}, corner_radius_m=8.0))


HEAD = "项目编号,项目名称,道路名称,起讫点,位置,长度,宽度,施工工艺,计划开工,计划竣工,范围\n"


def read(
    tmp_path: Path,
    gazetteer: Gazetteer | None,
    *rows: str,
    answers: Mapping[str, str] | None = None,
) -> ReadProjects:
    path = tmp_path / "list.csv"
    path.write_text(HEAD + "\n".join(rows) + "\n", "utf-8")
    return read_projects(
        path, policy=Policy(), crs=4549, working_crs=METRIC, gazetteer=gazetteer,
        answers=answers or {}, today=date(2026, 1, 1),
    )  # fmt: skip


def row(code: str, road: str = "", text: str = "", *more: str) -> str:
    position, length, width, place = (*more, "", "", "", "")[:4]
    quoted = place and f'"{place}"'
    return f"{code},工程{code},{road},{text},{position},{length},{width},开挖,2026-03-01,2026-05-01,{quoted}"


def codes(found: ReadProjects) -> list[str]:
    return [fault.code for fault in found.faults]


def test_a_stretch_is_located_and_says_how_sure_it_is(tmp_path: Path, gazetteer: Gazetteer) -> None:
    found = read(tmp_path, gazetteer, row("A", "甲路", "乙路—丙路", "", "", "4"))
    site = found.sites.iloc[0]
    assert found.rows["outcome"].tolist() == ["accepted"]
    assert (site["footprint_source"], site["inferred"]) == ("text", "geometry")
    assert site["place_confidence"] == 0.95
    assert site["confirmed"] is None or site["confirmed"] != site["confirmed"]
    # From mouth to mouth (5 m of half road and 8 m of corner at each end), as wide as the row says.
    assert shapely.bounds(site["geometry"]).round(6).tolist() == [
        EAST + 113, NORTH - 2, EAST + 487, NORTH + 2,
    ]  # fmt: skip
    assert found.questions == []


def test_without_a_width_the_road_tells_it(tmp_path: Path, gazetteer: Gazetteer) -> None:
    found = read(tmp_path, gazetteer, row("A", "甲路", "乙路—丙路"))
    assert found.sites.geometry.area.round(3).tolist() == [3740.0]


def test_several_roads_in_one_row_are_several_sites(tmp_path: Path, gazetteer: Gazetteer) -> None:
    found = read(
        tmp_path, gazetteer, row("A", "", "甲路（乙路—丙路）、甲路（丙路—丁南路）", "", "900"),
        row("B", "甲路", "乙路—丙路"),
    )  # fmt: skip
    sites = found.sites
    assert sites["project_code"].tolist() == ["A", "A", "B"]
    assert sites["site_id"].tolist() == ["1.1", "1.2", "1"]
    assert found.filings["site_id"].tolist() == ["1.1", "1.2", "1"]
    assert found.filings["source_row"].tolist() == [2, 2, 3]
    assert sites["road"].tolist() == ["甲路", "甲路", "甲路"]
    assert sites["length_m"].isna().all()  # 900 m are those of both together
    assert "placing.sizes_shared" in codes(found)
    assert len(found.projects) == 2


def test_what_can_mean_several_things_is_asked_and_not_placed(
    tmp_path: Path, gazetteer: Gazetteer
) -> None:
    found = read(tmp_path, gazetteer, row("A", "甲路", "乙路—丁路"), row("B", "甲路", "乙路—丙路"))
    assert found.sites.geometry.isna().tolist() == [True, False]
    assert found.rows["outcome"].tolist() == ["incomplete", "accepted"]
    assert [(q.kind, q.reason.row, q.reason.column) for q in found.questions] == [
        ("extent", 2, "起讫点")
    ]
    question = found.questions[0]
    assert question.candidates
    assert "place_missing" not in codes(found)
    answered = read(
        tmp_path, gazetteer, row("A", "甲路", "乙路—丁路"),
        answers={question.key: question.candidates[0].key},
    )  # fmt: skip
    site = answered.sites.iloc[0]
    assert (site["place_confidence"], site["confirmed"]) == (1.0, "geometry")
    assert answered.questions == []
    declined = read(
        tmp_path, gazetteer, row("A", "甲路", "乙路—丁路"), answers={question.key: "none"}
    )
    assert declined.sites.geometry.isna().all()
    assert declined.questions == []
    said = read(
        tmp_path, gazetteer, row("A", "甲路", "乙路—丁路"),
        answers={question.key: "text:甲路(乙路—丁南路)"},
    )  # fmt: skip
    assert shapely.bounds(said.sites.geometry.iloc[0])[2].round() == EAST + 887


def test_a_road_named_alone_is_asked_about_for_this_project_only(
    tmp_path: Path, gazetteer: Gazetteer
) -> None:
    rows = (row("A", "甲路", "", "", "300"), row("B", "甲路"), row("C", "乙路", "", "", "400"))
    found = read(tmp_path, gazetteer, *rows)
    assert found.sites.geometry.isna().tolist() == [True, True, False]
    assert [(q.subject, q.candidates[0].key) for q in found.questions] == [
        ("甲路 300 m [A]", "whole_road"), ("甲路 [B]", "whole_road"),
    ]  # fmt: skip
    answers = {
        found.questions[0].key: "text:甲路（乙路—丙路）", found.questions[1].key: "whole_road",
    }  # fmt: skip
    answered = read(tmp_path, gazetteer, *rows, row("D", "甲路"), answers=answers)
    assert answered.sites.geometry.isna().tolist() == [False, False, False, True]
    assert answered.sites["place_confidence"].tolist()[1] == 1.0
    assert [q.subject for q in answered.questions] == ["甲路 [D]"]


def test_what_the_words_say_besides_fills_what_is_missing(
    tmp_path: Path, gazetteer: Gazetteer
) -> None:
    found = read(
        tmp_path, gazetteer, row("A", "", "甲路北侧（乙路—丙路）"),
        row("B", "", "甲路北侧（乙路—丙路）", "人行道"),
    )  # fmt: skip
    assert found.sites["position"].tolist() == ["north_side", "footway"]
    assert found.sites["road"].tolist() == ["甲路", "甲路"]
    assert found.sites["inferred"].tolist() == ["geometry road position", "geometry road"]


def test_a_stated_length_that_is_another_is_noted_and_trusted_less(
    tmp_path: Path, gazetteer: Gazetteer
) -> None:
    found = read(tmp_path, gazetteer, row("A", "甲路", "乙路—丙路", "", "1500"))
    assert "placing.length_off" in codes(found)
    assert found.sites["place_confidence"].tolist() == [0.5]
    same = read(tmp_path, gazetteer, row("A", "甲路", "乙路—丙路", "", "400"))
    assert "placing.length_off" not in codes(same)


@pytest.mark.parametrize(("north", "told"), [(0, False), (90, False), (150, True)])
def test_words_that_lead_away_from_what_was_drawn_are_noted(
    tmp_path: Path, gazetteer: Gazetteer, north: int, told: bool
) -> None:
    y = NORTH + north
    drawn = f"LINESTRING ({EAST + 200} {y}, {EAST + 300} {y})"
    found = read(tmp_path, gazetteer, row("A", "甲路", "乙路—丙路", "", "", "", drawn))
    assert ("placing.elsewhere" in codes(found)) == told
    assert found.sites["footprint_source"].tolist() == ["line"]
    assert found.sites["place_confidence"].isna().all()


def test_words_without_a_place_are_asked_about_and_roads_are_missed(
    tmp_path: Path, gazetteer: Gazetteer
) -> None:
    found = read(tmp_path, gazetteer, row("A", "", "详见附件"))
    assert found.sites.geometry.isna().all()
    assert len(found.questions) == 1
    nowhere = read(tmp_path, None, row("A", "甲路", "乙路—丙路"))
    assert nowhere.sites.geometry.isna().all()
    assert "placing.no_roads" in codes(nowhere)


def test_a_list_with_numbers_of_its_own_keeps_them(tmp_path: Path, gazetteer: Gazetteer) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "项目编号,工点,起讫点\nA,1,甲路（乙路—丙路）、甲路（丙路—丁南路）\nA,1.1,甲路（乙路—丙路）\n",
        "utf-8",
    )
    found = read_projects(path, policy=Policy(), working_crs=METRIC, gazetteer=gazetteer)
    assert found.sites["site_id"].tolist() == ["1.1+", "1.2", "1.1"]
