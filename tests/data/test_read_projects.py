"""Lists of projects: what goes in, what is refused, and what is said about it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pyproj import CRS

from coordination.city import City
from coordination.detection import detect
from coordination.faults import InputRefusedError
from coordination.policy import Policy
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS
from data.coordinates import Coordinates
from data.read_projects import ReadProjects, read_projects

MAPPINGS = Path(__file__).resolve().parents[2] / "docs" / "mappings"
HEADER = "项目编号,项目名称,项目单位,行业,路名,施工工艺,计划开工,计划竣工,经度,纬度"
LINE = "LINESTRING (121.25 31.39, 121.26 31.39)"


def rows_file(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "list.csv"
    path.write_text("\n".join([header, *rows]), "utf-8")
    return path


def read(path: Path, **options: object) -> ReadProjects:
    options = {"crs": "EPSG:4326", "policy": Policy()} | options
    found = read_projects(path, **options)  # type: ignore[arg-type]
    assert all(fault.text("zh") and fault.text("en") for fault in found.faults)
    return found


def told(found: ReadProjects, level: str) -> list[tuple[str, int | None]]:
    return [(fault.code, fault.row) for fault in found.faults if fault.level == level]


GOOD = "A1,雨水管,区水务局,排水,仓场路,开挖,2025-03-01,2025-04-30,121.25,31.39"

UNKNOWN = GOOD.replace("排水", "水务")


def test_a_row_becomes_a_project_and_a_site(tmp_path: Path) -> None:
    found = read(rows_file(tmp_path, GOOD.replace("排水", "城市排水")))
    assert found.crs.to_epsg() == 4549
    assert found.rows.to_dict("list") == {"row": [2], "code": ["A1"], "outcome": ["accepted"]}
    assert found.projects.columns.tolist() == [field.name for field in PROJECT_FIELDS]
    assert found.sites.columns.tolist() == [
        "project_code", *(field.name for field in SITE_FIELDS), "footprint_source",
        "place_confidence", "inferred", "confirmed", "geometry",
    ]  # fmt: skip
    project, site = found.projects.iloc[0], found.sites.iloc[0]
    assert (project["code"], project["sector"], project["owner_unit"]) == (
        "A1",
        "drainage",
        "区水务局",
    )
    assert (site["road"], site["method"], site["site_id"]) == ("仓场路", "open_cut", "1")
    assert (str(site["start"])[:10], str(site["finish"])[:10]) == ("2025-03-01", "2025-04-30")
    assert (site["start_precision"], site["footprint_source"]) == ("day", "point")
    assert site["geometry"].geom_type == "MultiPolygon"
    assert site["geometry"].area == pytest.approx(16.0)
    assert told(found, "refused") == []


def test_what_was_filed_is_kept(tmp_path: Path) -> None:
    filing = read(rows_file(tmp_path, GOOD)).filings.iloc[0]
    assert (filing["project_code"], filing["site_id"], filing["source_row"]) == ("A1", "1", 2)
    assert (filing["source_file"], filing["geometry_type"], filing["crs"]) == (
        "list.csv", "Point", "EPSG:4326",
    )  # fmt: skip
    assert shapely.from_wkb(filing["wkb"]).wkt == "POINT (121.25 31.39)"
    assert json.loads(filing["row_json"])["行业"] == "排水"


def test_unknown_codes_and_columns_are_noted_once_per_value(tmp_path: Path) -> None:
    path = rows_file(
        tmp_path,
        f"{UNKNOWN},1,x",
        f"{UNKNOWN.replace('A1', 'A2')},2,y",
        header=HEADER + ",序号,桩号",
    )
    found = read(path)
    notes = {fault.code: fault for fault in found.faults}
    assert notes["code_unknown"].params["count"] == 2
    assert notes["code_unknown"].params["found"] == "水务"
    assert notes["columns_not_used"].params["columns"] == "桩号"  # 序号 only counts the rows
    assert found.projects["sector"].isna().all()


def test_every_fault_of_every_row_at_once(tmp_path: Path) -> None:
    found = read(
        rows_file(
            tmp_path,
            "A1,n,u,road,r,open_cut,2025-03-01,2025-02-01,121.25,31.39,",
            "A2,n,u,road,r,open_cut,soon,2205-02-01,121.25,31.39,",
            "A3,n,u,road,r,open_cut,2025-03-01,2025-03-02,121.25,north,",
            "A4,n,u,road,r,open_cut,2025-03-01,2025-03-02,121.25,31.39,999999",
            "A5,n,u,road,r,open_cut,2025-03-01,2025-03-02,121.25,31.39,long",
            "A6,n,u,road,r,open_cut,2025-03-01,2025-03-02,2.35,48.85,",
            "A7,n,u,road,r,open_cut,2025-03-01,2025-03-02,121.25,31.39,120米",
            "A8,n,u,road,r,open_cut,,2025-03-02,,,",
            header=HEADER + ",长度",
        )
    )
    assert told(found, "refused") == [
        ("finish_before_start", 2),
        ("date_unreadable", 3),
        ("date_absurd", 3),
        ("geometry_unreadable", 4),
        ("number_out_of_range", 5),
        ("number_unreadable", 6),
        ("place_far_away", 7),
    ]
    assert found.rows["outcome"].tolist() == ["refused"] * 6 + ["accepted", "incomplete"]
    assert found.projects["code"].tolist() == ["A7", "A8"]
    assert found.sites["length_m"].tolist()[0] == 120.0
    assert told(found, "note")[-2:] == [("place_missing", 9), ("date_missing", 9)]


def test_missing_date_place_and_method_are_incomplete(tmp_path: Path) -> None:
    found = read(
        rows_file(
            tmp_path,
            "A1,n,u,road,r,open_cut,,2025-03-02,121.25,31.39",
            "A2,n,u,road,r,open_cut,2025-03-01,2025-03-02,,",
            "A3,n,u,road,r,,2025-03-01,2025-03-02,121.25,31.39",
            "A4,n,u,road,r,open_cut,2025-03-01,2025-03-02,121.25,31.39",
        )
    )
    assert found.rows["outcome"].tolist() == ["incomplete", "incomplete", "incomplete", "accepted"]
    assert found.sites.geometry.isna().tolist() == [False, True, False, False]
    assert found.sites["footprint_source"].isna().tolist() == [False, True, False, False]
    assert found.sites["start_precision"].tolist() == ["unknown", "day", "day", "day"]
    assert told(found, "refused") == []


def test_extent_text_alone_is_stored_without_a_place(tmp_path: Path) -> None:
    found = read(
        rows_file(tmp_path, "A1,仓场路(嘉罗公路-和政路)", header="项目编号,起讫点"), crs=None
    )
    assert found.rows["outcome"].tolist() == ["incomplete"]
    assert found.sites["extent_text"].tolist() == ["仓场路(嘉罗公路-和政路)"]
    assert found.sites.geometry.isna().all()
    assert found.crs.to_epsg() == 4549


def test_coarse_dates_keep_their_precision(tmp_path: Path) -> None:
    found = read(
        rows_file(tmp_path, GOOD.replace("2025-03-01,2025-04-30", "2025年3月,2025年二季度"))
    )
    site = found.sites.iloc[0]
    assert (str(site["start"])[:10], str(site["finish"])[:10]) == ("2025-03-01", "2025-06-30")
    assert (site["start_precision"], site["finish_precision"]) == ("month", "quarter")


def test_finish_follows_from_duration(tmp_path: Path) -> None:
    found = read(
        rows_file(
            tmp_path, "A1,r,2025-03-01,,30", header="项目编号,路名,开工日期,竣工日期,工期(天)"
        )
    )
    assert str(found.sites["finish"].iloc[0])[:10] == "2025-03-30"
    assert told(found, "repaired") == [("finish_from_duration", 2)]


def test_day_and_month_are_asked_for(tmp_path: Path) -> None:
    path = rows_file(tmp_path, GOOD.replace("2025-03-01,2025-04-30", "03/04/2025,05/06/2025"))
    found = read(path)
    assert told(found, "refused") == [("date_style_undecided", None)] * 2
    assert found.rows["outcome"].tolist() == ["refused"]
    (tmp_path / "m.toml").write_text('[dates]\nstyle = "dmy"', "utf-8")
    found = read(path, mapping=tmp_path / "m.toml")
    assert str(found.sites["start"].iloc[0])[:10] == "2025-04-03"


def test_finish_decides_how_start_is_read(tmp_path: Path) -> None:
    found = read(
        rows_file(tmp_path, GOOD.replace("2025-03-01,2025-04-30", "03/04/2025,30/04/2025"))
    )
    assert str(found.sites["start"].iloc[0])[:10] == "2025-04-03"


# --- One project, several sites ---


def test_rows_of_one_code_are_its_sites(tmp_path: Path) -> None:
    found = read(
        rows_file(tmp_path, GOOD, GOOD.replace("仓场路", "和政路"), GOOD.replace("A1", "A2"))
    )
    assert found.projects["code"].tolist() == ["A1", "A2"]
    assert found.sites[["project_code", "site_id", "road"]].to_numpy().tolist() == [
        ["A1", "1", "仓场路"], ["A1", "2", "和政路"], ["A2", "1", "仓场路"],
    ]  # fmt: skip


def test_a_blank_cell_contradicts_nothing(tmp_path: Path) -> None:
    found = read(rows_file(tmp_path, GOOD, GOOD.replace("区水务局", "")))
    assert found.projects["owner_unit"].tolist() == ["区水务局"]
    assert told(found, "refused") == []


def test_rows_that_contradict_refuse_the_project(tmp_path: Path) -> None:
    found = read(
        rows_file(tmp_path, GOOD, GOOD.replace("区水务局", "区科委"), GOOD.replace("A1", "A2"))
    )
    assert told(found, "refused") == [("sibling_refused", 2), ("project_differs", 3)]
    assert found.projects["code"].tolist() == ["A2"]
    assert found.filings["project_code"].tolist() == ["A2"]


def test_half_a_project_does_not_go_in(tmp_path: Path) -> None:
    found = read(rows_file(tmp_path, GOOD, GOOD.replace("2025-03-01", "someday")))
    assert told(found, "refused") == [("sibling_refused", 2), ("date_unreadable", 3)]
    assert len(found.projects) == len(found.sites) == 0


def test_site_ids(tmp_path: Path) -> None:
    found = read(rows_file(tmp_path, "A,r,x", "A,s,", "A,t,x", header="项目编号,路名,工点"))
    assert ("site_twice", 4) in told(found, "refused")
    found = read(rows_file(tmp_path, "A,r,x", "A,s,", header="项目编号,路名,工点"))
    assert found.sites["site_id"].tolist() == ["x", "2"]


# --- Codes ---


def test_a_row_without_code_gets_one_that_stays(tmp_path: Path) -> None:
    rows = [GOOD.replace("A1", ""), GOOD.replace("A1", "").replace("仓场路", "和政路"), GOOD]
    found = read(rows_file(tmp_path, *rows))
    assert ("code_from_key", 2) in told(found, "note")
    made = found.rows["code"].tolist()
    assert made[0] == made[1] != made[2]
    assert made[0].startswith("auto-")
    assert read(rows_file(tmp_path, *reversed(rows))).rows["code"].tolist() == made[::-1]


def test_codes_from_a_stated_key(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text('[code]\nfrom = ["项目名称", "路名"]', "utf-8")
    found = read(rows_file(tmp_path, GOOD.replace("A1", "")), mapping=tmp_path / "m.toml")
    assert found.rows["code"].tolist() == ["雨水管|仓场路"]


def test_rows_without_code_and_name_differ_by_what_they_say(tmp_path: Path) -> None:
    header = "路名,计划开工,经度,纬度"
    found = read(
        rows_file(tmp_path, "r,2025-03-01,121.2,31.3", "r,2025-03-01,121.3,31.3", header=header)
    )
    assert found.rows["code"].nunique() == 2


def test_long_numeric_codes_survive(tmp_path: Path) -> None:
    features = [
        {"type": "Feature", "properties": {"code": code, "road": "r"}, "geometry": None}
        for code in (310114202500000017, None)
    ]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    assert read(path, crs=None).rows["code"].iloc[0] == "310114202500000017"


KNOWN = pd.DataFrame({"code": ["A1"], "owner_unit": ["区科委"], "road": ["和政路"]})


def test_a_known_code_that_means_another_project(tmp_path: Path) -> None:
    path = rows_file(tmp_path, GOOD)
    assert told(read(path, known=KNOWN), "refused") == [("code_means_another", 2)]
    assert told(read(path, known=KNOWN.assign(road="仓场路")), "refused") == []
    assert told(read(path, known=KNOWN.assign(owner_unit="区水务局")), "refused") == []
    assert told(read(path, known=KNOWN.assign(road=None)), "refused") == []


def test_a_renumbered_list_is_refused_as_a_whole(tmp_path: Path) -> None:
    path = rows_file(tmp_path, *(GOOD.replace("A1", f"A{i}") for i in range(6)))
    known = pd.concat([KNOWN.assign(code=f"A{i}") for i in range(6)], ignore_index=True)
    found = read(path, known=known)
    assert told(found, "refused") == [("codes_renumbered", None)]
    assert set(found.rows["outcome"]) == {"refused"}


# --- Places ---


@pytest.mark.parametrize(
    ("cells", "width_m"),
    [
        ("sewer,,,7", 7.0),
        ("sewer,,,", 4.0),
        (",lighting,,", 1.5),
        (",,footway,", 3.0),
        (",,,", 3.0),
    ],
)
def test_lines_are_widened(tmp_path: Path, cells: str, width_m: float) -> None:
    header = "code,utility,sector,position,width_m,shape"
    found = read(rows_file(tmp_path, f'A,{cells},"{LINE}"', header=header))
    site = found.sites.iloc[0]
    assert site["footprint_source"] == "line"
    assert site["geometry"].area == pytest.approx(951.1 * width_m, rel=1e-3)


def test_invalid_areas_are_repaired_and_named(tmp_path: Path) -> None:
    bow = "POLYGON ((121.25 31.39, 121.251 31.391, 121.251 31.39, 121.25 31.391, 121.25 31.39))"
    found = read(rows_file(tmp_path, f'A,r,"{bow}"', header="code,road,shape"))
    assert told(found, "repaired") == [("geometry_repaired", 2)]
    assert found.sites.geometry.is_valid.all()


def test_repaired_rows_say_so(tmp_path: Path) -> None:
    bow = "POLYGON ((121.25 31.39, 121.251 31.391, 121.251 31.39, 121.25 31.391, 121.25 31.39))"
    cells = f'A,r,open_cut,2025-03-01,2025-03-02,"{bow}"'
    found = read(rows_file(tmp_path, cells, header="code,road,method,start,finish,shape"))
    assert found.rows["outcome"].tolist() == ["repaired"]


def test_the_working_crs_is_the_stores(tmp_path: Path) -> None:
    found = read(rows_file(tmp_path, GOOD), working_crs=CRS(4550))
    assert found.crs.to_epsg() == 4550
    assert found.sites.crs is not None
    assert found.sites.crs.to_epsg() == 4550


def test_a_list_from_elsewhere_is_refused_as_a_whole(tmp_path: Path) -> None:
    swapped = rows_file(tmp_path, GOOD.replace("121.25,31.39", "31.39,60.25"))
    with pytest.raises(InputRefusedError) as caught:
        read(swapped, working_crs=CRS(4549))
    assert [fault.code for fault in caught.value.faults] == ["file_outside_area"]


def test_areas_stay_as_drawn(tmp_path: Path) -> None:
    drawn = gpd.GeoDataFrame(
        {"code": ["A"], "name": ["n"]}, geometry=[shapely.box(610000, 3474000, 610100, 3474020)], crs=4549
    )  # fmt: skip
    drawn.to_file(tmp_path / "a.gpkg", engine="pyogrio")
    site = read(tmp_path / "a.gpkg", crs=None).sites.iloc[0]
    assert site["footprint_source"] == "polygon"
    assert site["geometry"].area == 2000.0


# --- Files that are no list ---


def test_tables_that_are_no_list_of_projects(tmp_path: Path) -> None:
    for header, row, code in (("a,b", "1,2", "columns_unknown"), (HEADER, "", "file_empty")):
        path = rows_file(tmp_path, row, header=header)
        with pytest.raises(InputRefusedError) as caught:
            read_projects(path, policy=Policy())
        assert [fault.code for fault in caught.value.faults] == [code]


def test_blank_rows_are_passed_over(tmp_path: Path) -> None:
    found = read(rows_file(tmp_path, GOOD, ",,,,,,,,,", GOOD.replace("A1", "A2")))
    assert found.rows["row"].tolist() == [2, 4]


def test_flags_and_money(tmp_path: Path) -> None:
    path = rows_file(
        tmp_path, 'A,r,是,"1,200,000",5', "B,r,No,12,0", "C,r,maybe,/,",
        header="项目编号,路名,安全隐患,总投资（元）,宽度",
    )  # fmt: skip
    found = read(path)
    assert found.projects["safety_critical"].tolist()[:2] == [True, False]
    assert found.projects["safety_critical"].isna().tolist() == [False, False, True]
    assert found.projects["cost_wan"].tolist()[:2] == [120.0, pytest.approx(0.0012)]
    assert found.sites["width_m"].isna().tolist() == [False, True, True]
    assert {("flag_unknown", 4), ("zero_is_missing", 3)} <= set(told(found, "note"))


def test_texts_for_sentences_stand_in_one_line_and_extents_keep_their_lines(
    tmp_path: Path,
) -> None:
    path = rows_file(
        tmp_path, '"A","M5\n 南向\t封道","甲路\n乙路"', header="项目编号,项目名称,起讫点"
    )  # fmt: skip
    found = read(path)
    assert found.projects["name"].tolist() == ["M5 南向 封道"]
    assert found.sites["extent_text"].tolist() == ["甲路\n乙路"]


def test_mapping_of_texts_replaces_what_it_names(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(
        '[columns]\ncode = "id"\nowner_unit = "u"\n[values.owner_unit]\n"水司" = "给水公司"\n"X" = ""\n',
        "utf-8",
    )
    path = rows_file(tmp_path, "A,水司", "B,燃气公司", "C,x", header="id,u")
    found = read(path, mapping=tmp_path / "m.toml")
    assert found.projects["owner_unit"].tolist()[:2] == ["给水公司", "燃气公司"]
    assert found.projects["owner_unit"].isna().tolist() == [False, False, True]


# --- Real lists ---


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "mapping", "projects", "sites", "outcomes", "epsg"),
    [
        ("paris_chantiers/chantiers_2024-03.geojson", "paris", 964, 1725,
         {"accepted": 1722, "incomplete": 3}, 2154),
        ("paris_chantiers/chantiers_union_2024+2025.geojson", "paris", 3878, 6416,
         {"accepted": 6413, "incomplete": 3}, 2154),
        ("taiwan_roaddig/taichung.geojson", "taichung", 1790, 3327,
         {"accepted": 3261, "incomplete": 58, "repaired": 8}, 3826),
        ("taiwan_roaddig/newtaipei.geojson", "newtaipei", 1056, 1056,
         {"accepted": 1039, "repaired": 17}, 3826),
        ("england_he_roadworks/roadworks_union_epsg27700.gpkg", "england", 23046, 23046,
         {"accepted": 23022, "incomplete": 24}, 27700),
    ],
)  # fmt: skip
def test_real_lists(
    real_data: Path,
    name: str,
    mapping: str,
    projects: int,
    sites: int,
    outcomes: dict[str, int],
    epsg: int,
) -> None:
    found = read(real_data / name, mapping=MAPPINGS / f"{mapping}.toml", crs=None)
    assert (len(found.projects), len(found.sites), len(found.filings)) == (projects, sites, sites)
    assert found.rows["outcome"].value_counts().to_dict() == outcomes
    assert found.crs.to_epsg() == epsg
    assert told(found, "refused") == []
    assert int(found.sites.geometry.isna().sum()) == outcomes.get("incomplete", 0)
    assert found.sites.geometry.dropna().is_valid.all()


@pytest.mark.real_data
def test_areas_of_paris_agree_with_the_published_ones(real_data: Path) -> None:
    path = real_data / "paris_chantiers" / "chantiers_2024-03.geojson"
    sites = read(path, mapping=MAPPINGS / "paris.toml", crs=None).sites
    sites = sites[sites["area_m2"] > 10]
    ratio = sites.geometry.area / sites["area_m2"]
    assert len(ratio) == 1304
    assert int((~ratio.between(0.995, 1.005)).sum()) == 5
    assert ratio.median() == pytest.approx(1.0, abs=1e-4)


@pytest.mark.real_data
def test_days_of_taichung_agree_with_the_published_ones(real_data: Path) -> None:
    path = real_data / "taiwan_roaddig" / "taichung.geojson"
    found = read(path, mapping=MAPPINGS / "taichung.toml", crs=None)
    published = [json.loads(row) for row in found.filings["row_json"]]
    for ours, theirs in (("start", "start"), ("finish", "end")):
        days = found.sites[ours].dt.strftime("%Y-%m-%d").tolist()
        assert days == [row[theirs][:10] for row in published]
    assert found.projects["code"].tolist()[0] == "U102080027|106A01114"


@pytest.mark.real_data
def test_null_day_and_reversed_window_of_paris(real_data: Path, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(
        'time_zone = "Europe/Paris"\n[columns]\ncode = "project_id"\nstart = "date_debut"\n'
        'finish = "date_fin"\nowner_unit = "maitre_ouvrage"\nname = "objet"\n',
        "utf-8",
    )
    path = real_data / "paris_chantiers" / "perturbants_2019-03.geojson"
    found = read(path, mapping=tmp_path / "m.toml", crs=None)
    assert Counter(found.rows["outcome"]) == {"incomplete": 1135, "refused": 1}
    assert [code for code, _ in told(found, "refused")] == ["finish_before_start"]
    assert Counter(code for code, _ in told(found, "note"))["date_missing"] == 2


def test_a_day_called_a_half_year_finishes_on_no_day_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("code,start,start_precision,finish\nA,2026-06-14,half,\n", encoding="utf-8")
    site = read_projects(path, policy=Policy()).sites.iloc[0]
    assert site["start"] == pd.Timestamp("2026-06-14")
    assert site["start_precision"] == "half"
    assert pd.isna(site["finish"])


def test_a_frame_that_nobody_confirmed_is_said_until_somebody_does(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "code,start,finish,method,经度,纬度\n"
        "A,2026-06-01,2026-06-30,open_cut,121.25,31.39\n"
        "B,2026-06-01,2026-06-30,open_cut,,\n",
        encoding="utf-8",
    )
    alone = Coordinates(without_roads=True)
    read = read_projects(path, crs="EPSG:4326", policy=Policy(), said=alone)
    assert read.sites["inferred"].fillna("").tolist() == ["frame", ""]
    city = City(read.crs, read.projects, read.sites)
    said = detect(city, Policy(), as_of=date(2026, 1, 1)).table.set_index("project_a")["reason_en"]
    assert "The frame of the coordinates of A is unconfirmed" in said["A"]
    assert "frame" not in said["B"]
    sure = read_projects(path, crs="EPSG:4326", policy=Policy(), said=replace(alone, frame="wgs84"))
    assert sure.sites["inferred"].fillna("").tolist() == ["", ""]
