"""The sample town is what it says: its truth is checked here with plain geometry and dates alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from coordination.detection import RULE_CODES
from coordination.projects import FIELDS
from coordination.wording import table
from data.sample_rule_scenarios import in_turn
from data.sample_town import AS_OF, SampleTown, make_town, project_onto, write_inputs

TODAY = pd.Timestamp("2026-03-01")
TEN_OF_EACH = (
    "concurrent_works", "repeat_excavation", "opportunity", "duplicate_project", "incomplete_data",
)  # fmt: skip


@pytest.fixture(scope="module")
def town() -> SampleTown:
    return make_town(projects=400, seed=0)


@pytest.fixture(scope="module")
def filed(town: SampleTown) -> pd.DataFrame:
    """All rows, in metres, with dates; the ledger's rows too."""
    rows = pd.concat([town.projects, town.history], ignore_index=True).to_crs(4549)
    rows["start"] = days(rows["计划开工"])
    rows["finish"] = days(rows["计划竣工"])
    return rows


def days(texts: pd.Series) -> pd.Series:
    """Return ISO dates; months and missing ones are NaT."""
    return pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce")


def sites(filed: pd.DataFrame, code: str) -> gpd.GeoDataFrame:
    found = filed[filed["项目编号"] == code]
    assert len(found) > 0, code
    return found


def pairs(truth: pd.DataFrame, rule: str) -> list[tuple[str, str, str]]:
    rows = truth[truth["rule"] == rule]
    return list(zip(rows["project_a"], rows["project_b"], rows["case"], strict=True))


class Pair:
    """Two projects and the plain facts about them."""

    def __init__(self, filed: pd.DataFrame, a: str, b: str) -> None:
        self.a, self.b = sites(filed, a), sites(filed, b)
        if self.b["start"].min() < self.a["start"].min():
            self.a, self.b = self.b, self.a
        self.ground_a, self.ground_b = self.a.union_all(), self.b.union_all()

    @property
    def distance_m(self) -> float:
        return float(self.ground_a.distance(self.ground_b))

    @property
    def shared_m2(self) -> float:
        return float(self.ground_a.intersection(self.ground_b).area)

    @property
    def one_road(self) -> bool:
        return bool(set(self.a["道路名称"]) & set(self.b["道路名称"]))

    @property
    def days_in_common(self) -> bool:
        """Whether any two of their sites that come within 20 m share a day."""
        return any(
            x.start <= y.finish and y.start <= x.finish and x.geometry.distance(y.geometry) <= 20
            for x in self.a.itertuples()
            for y in self.b.itertuples()
        )

    @property
    def gap_days(self) -> int:
        """First day of the later minus last day of the earlier."""
        return int((self.b["start"].min() - self.a["finish"].max()).days)

    def later_than(self, months: int) -> bool:
        last = self.a["finish"].max() + pd.DateOffset(months=months)
        return bool(self.b["start"].min() > last)

    @property
    def reach_m(self) -> float:
        wide = ("占用车道", "半幅封闭", "全封闭")
        return float(sum(10 if x["交通影响"].iloc[0] in wide else 5 for x in (self.a, self.b)))

    @property
    def both_over(self) -> bool:
        return bool((pd.concat([self.a, self.b])["finish"] < TODAY).all())

    def differ(self, column: str) -> bool:
        return bool(self.a[column].iloc[0] != self.b[column].iloc[0])

    def has(self, column: str, value: str) -> bool:
        return bool((pd.concat([self.a, self.b])[column] == value).any())


def test_the_day_of_judgement_is_fixed() -> None:
    assert AS_OF.isoformat() == "2026-03-01"


def test_every_rule_is_planted_and_has_near_misses(town: SampleTown) -> None:
    for truth in (town.planted, town.near_misses):
        count = truth["rule"].value_counts()
        assert sorted(count.index) == sorted(RULE_CODES)
        assert count[list(TEN_OF_EACH)].min() >= 10
        assert count.min() >= 2
    assert town.projects["项目编号"].nunique() == 400
    assert set(town.planted["case"]) | set(town.near_misses["case"]) == {
        scenario.name for scenario in in_turn()
    }


def test_a_larger_town_holds_more_of_each() -> None:
    large = make_town(projects=1900, seed=3)
    assert large.projects["项目编号"].nunique() == 1900
    for truth in (large.planted, large.near_misses):
        assert truth["rule"].value_counts()[list(TEN_OF_EACH)].min() >= 20
        assert truth["rule"].value_counts().min() >= 4


def test_no_pair_is_both_planted_and_a_near_miss(town: SampleTown) -> None:
    keys = ["rule", "project_a", "project_b"]
    both = town.planted.merge(town.near_misses, on=keys)
    assert both.empty
    for truth in (town.planted, town.near_misses):
        assert not truth.duplicated(keys).any()
        paired = truth[truth["project_b"] != ""]
        assert (paired["project_a"] <= paired["project_b"]).all()


def test_codes_of_the_truth_exist(town: SampleTown) -> None:
    known = set(town.projects["项目编号"]) | set(town.history["项目编号"]) | {""}
    for layer in (town.restrictions, town.boundaries, town.assets):
        known |= set(layer["编号"])
    for truth in (town.planted, town.near_misses):
        assert set(truth["project_a"]) | set(truth["project_b"]) <= known


def test_planted_concurrent_works_share_a_day_within_reach(
    town: SampleTown, filed: pd.DataFrame
) -> None:
    for a, b, case in pairs(town.planted, "concurrent_works"):
        pair = Pair(filed, a, b)
        assert pair.distance_m <= pair.reach_m, case
        assert pair.days_in_common, case
        assert not pair.both_over, case
        assert not pair.has("项目阶段", "退出"), case
        assert pair.one_road or case == "at a crossing only"


def test_only_the_buffers_meet_where_the_case_says_so(
    town: SampleTown, filed: pd.DataFrame
) -> None:
    found = {case: Pair(filed, a, b) for a, b, case in pairs(town.planted, "concurrent_works")}
    assert found["only wide buffers meet"].distance_m == pytest.approx(14.0, abs=0.1)
    assert found["only wide buffers meet"].reach_m == 20.0
    assert found["only narrow buffers meet"].distance_m == pytest.approx(8.0, abs=0.1)
    assert found["only narrow buffers meet"].reach_m == 10.0
    assert found["opposite sides"].shared_m2 == 0.0
    crossing = found["at a crossing only"]
    assert not crossing.one_road
    assert crossing.shared_m2 > 50.0


NOT_CONCURRENT: dict[str, Callable[[Pair], bool]] = {
    "11 m apart with buffers of 5 m": lambda p: p.distance_m > 10.9 and p.reach_m == 10.0,
    "a service street 10 m away": lambda p: not p.one_road and 9.5 < p.distance_m < 10.5,
    "main road and service street closed": lambda p: not p.one_road and 9.5 < p.distance_m < 10.5,
    "finished the day before": lambda p: p.both_over and p.days_in_common,
    "withdrawn": lambda p: p.has("项目阶段", "退出") and p.days_in_common,
    "below an elevated road": lambda p: not p.one_road and p.shared_m2 > 50.0 and p.days_in_common,
    "the road of the other suffix": lambda p: not p.one_road and p.distance_m > 40.0,
    "around the corner": lambda p: not p.one_road and p.distance_m > 20.0,
    "sites of one project": lambda p: p.a.index.equals(p.b.index),
    "the day after": lambda p: p.gap_days == 1 and p.shared_m2 > 50.0,
    "a day later and 30 m on": lambda p: p.gap_days == 1 and p.distance_m > 20.0,
    "at the same time, 30 m apart": lambda p: p.distance_m > 29.0 and p.reach_m == 20.0,
    "both under way": lambda p: p.distance_m > 29.0,
    "one unit next to itself": lambda p: p.distance_m > 23.0,
    "just too small": lambda p: p.gap_days > 0,
    "one dossier, two streets": lambda p: p.gap_days > 0 and not p.one_road,
    "crossing streets, months apart": lambda p: p.gap_days > 60,
}


def test_near_misses_of_concurrent_works_are_not_concurrent(
    town: SampleTown, filed: pd.DataFrame
) -> None:
    for a, b, case in pairs(town.near_misses, "concurrent_works"):
        wrong = NOT_CONCURRENT.get(case, lambda p: p.gap_days >= 1)
        assert wrong(Pair(filed, a, b)), case


def test_planted_repeats_open_shared_ground_again(town: SampleTown, filed: pd.DataFrame) -> None:
    gaps = {}
    for a, b, case in pairs(town.planted, "repeat_excavation"):
        pair = Pair(filed, a, b)
        assert pair.one_road, case
        if case != "drawn as lines":
            assert pair.shared_m2 > 50.0, case
        assert set(pair.b["施工工艺"]) == {"开挖"}, case
        assert not pair.both_over, case
        assert not pair.later_than(24), case
        first, last = pair.a["start"].min(), pair.b["finish"].max()
        assert pair.gap_days > 14 or (last - first).days + 1 > 180, case
        gaps[case] = pair.gap_days
    assert gaps["16 days later"] == 16
    assert gaps["a day after a long work"] == 1
    assert gaps["two long works in a row"] == 3
    assert gaps["24 months to the day"] == 730


def test_a_repeat_comes_from_the_ledger(town: SampleTown) -> None:
    past = set(town.history["项目编号"])
    rows = pairs(town.planted, "repeat_excavation")
    assert [case for a, b, case in rows if {a, b} & past] == ["after a work of the ledger"]


NOT_REPEATED: dict[str, Callable[[Pair], bool]] = {
    "24 months and a day": lambda p: p.later_than(24) and p.gap_days == 731,
    "within one opening": lambda p: p.gap_days == 13 and p.shared_m2 > 50.0,
    "the day after": lambda p: p.gap_days == 1 and p.shared_m2 > 50.0,
    "the later work leaves the ground alone": lambda p: set(p.b["施工工艺"]) == {"不开挖"},
    "a drive between its pits": lambda p: (
        set(p.b["施工工艺"]) == {"非开挖"}
        and shapely.distance(
            p.ground_a, shapely.get_point(p.b.geometry.iloc[0].exterior, 0)
        ) > 30.0
    ),
    "a repeat that is over": lambda p: p.both_over and p.shared_m2 > 50.0 and not p.later_than(24),
    "surface after pipe": lambda p: set(p.b["施工工艺"]) == {"面层施工"},
    "footway after sewer": lambda p: set(p.b["施工工艺"]) == {"面层施工"},
    "the other carriageway": lambda p: p.one_road and p.shared_m2 == 0.0 and p.distance_m > 2.0,
    "opposite sides": lambda p: p.shared_m2 == 0.0,
    "opposite sides, months apart": lambda p: p.shared_m2 == 0.0 and p.gap_days > 14,
    "sites of one project": lambda p: p.a.index.equals(p.b.index),
    "next to an emergency": lambda p: p.shared_m2 == 0.0,
    "30 m further on": lambda p: p.distance_m > 29.0,
    "11 m apart with buffers of 5 m": lambda p: p.shared_m2 == 0.0,
}  # fmt: skip


def test_near_misses_of_repeats_are_no_repeats(town: SampleTown, filed: pd.DataFrame) -> None:
    for a, b, case in pairs(town.near_misses, "repeat_excavation"):
        wrong = NOT_REPEATED.get(case, lambda p: not p.one_road)
        assert wrong(Pair(filed, a, b)), case


def test_planted_opportunities_lie_within_reach(town: SampleTown, filed: pd.DataFrame) -> None:
    distance = {}
    for a, b, case in pairs(town.planted, "opportunity"):
        pair = Pair(filed, a, b)
        assert pair.one_road, case
        assert pair.distance_m <= 50.0, case
        assert pair.differ("项目单位"), case
        assert min(pair.ground_a.area, pair.ground_b.area) >= 50.0, case
        assert not pair.later_than(12), case
        assert not pair.has("项目阶段", "竣工"), case
        assert not pair.has("项目阶段", "应急抢修"), case
        assert (pair.b["start"] > TODAY).all(), case
        distance[case] = pair.distance_m
    assert distance["49 m further on"] == pytest.approx(49.0, abs=0.3)


NO_OPPORTUNITY: dict[str, Callable[[Pair], bool]] = {
    "51 m further on": lambda p: 50.2 < p.distance_m < 51.2,
    "just too small": lambda p: p.a.area.max() < 50.0 and p.distance_m < 31.0,
    "12 months and a day": lambda p: p.later_than(12) and p.distance_m < 23.0,
    "one unit next to itself": lambda p: not p.differ("项目单位") and p.distance_m < 25.0,
    "next to an emergency": lambda p: p.has("项目阶段", "应急抢修"),
    "both under way": lambda p: set(pd.concat([p.a, p.b])["项目阶段"]) == {"实施"},
    "an emergency dig": lambda p: p.has("项目阶段", "应急抢修"),
    "withdrawn": lambda p: p.has("项目阶段", "退出"),
    "finished the day before": lambda p: p.both_over,
    "a repeat that is over": lambda p: p.both_over,
    "24 months and a day": lambda p: p.later_than(12),
    "thirteen months later": lambda p: p.later_than(12) and p.has("项目阶段", "竣工"),
    "certain": lambda p: p.days_in_common and p.shared_m2 > 50.0,
    "likely": lambda p: p.days_in_common and p.shared_m2 > 50.0,
    "sites of one project": lambda p: p.a.index.equals(p.b.index),
}


def test_near_misses_of_opportunities_are_none(town: SampleTown, filed: pd.DataFrame) -> None:
    for a, b, case in pairs(town.near_misses, "opportunity"):
        wrong = NO_OPPORTUNITY.get(case, lambda p: not p.one_road)
        assert wrong(Pair(filed, a, b)), case


def test_planted_duplicates_say_the_same_twice(town: SampleTown, filed: pd.DataFrame) -> None:
    for a, b, case in pairs(town.planted, "duplicate_project"):
        pair = Pair(filed, a, b)
        dossier = pair.a["外部编号"].iloc[0]
        if isinstance(dossier, str):
            assert not pair.differ("外部编号"), case
            continue
        assert pair.shared_m2 > 0.5 * min(pair.ground_a.area, pair.ground_b.area), case
        alike = not pair.differ("行业") and not pair.differ("项目类别")
        other = any(pair.differ(c) for c in ("资金来源", "级别", "项目单位"))
        again = not pair.differ("项目单位") and pair.days_in_common
        assert (alike and other) or again, case


NO_DUPLICATE: dict[str, Callable[[Pair], bool]] = {
    "lots of one unit, one after the other": lambda p: (
        p.gap_days > 0 and not any(p.differ(c) for c in ("资金来源", "级别", "项目单位"))
    ),
    "dossiers that differ in one sign": lambda p: p.differ("外部编号") and p.distance_m > 20.0,
    "another kind of work": lambda p: p.differ("项目类别") and p.differ("项目单位"),
    "one unit next to itself": lambda p: p.shared_m2 == 0.0 and not p.differ("项目单位"),
    "the other carriageway": lambda p: p.shared_m2 == 0.0,
    "finished the day before": lambda p: p.both_over,
    "withdrawn": lambda p: p.has("项目阶段", "退出"),
}


def test_near_misses_of_duplicates_are_none(town: SampleTown, filed: pd.DataFrame) -> None:
    for a, b, case in pairs(town.near_misses, "duplicate_project"):
        wrong = NO_DUPLICATE.get(
            case,
            lambda p: not p.one_road or ((p.differ("行业") or p.differ("项目类别"))
            and p.differ("项目单位")),
        )  # fmt: skip
        assert wrong(Pair(filed, a, b)), case


def test_planted_incomplete_rows_lack_or_contradict(town: SampleTown, filed: pd.DataFrame) -> None:
    for code, other, case in pairs(town.planted, "incomplete_data"):
        assert other == ""
        rows = sites(filed, code)
        lacks = rows.geometry.isna() | rows["start"].isna() | rows["施工工艺"].isna()
        area = rows["面积"] / rows.area
        length = rows["长度"] * rows["宽度"] / rows["面积"]
        contradicts = (area - 1).abs().gt(0.5) | (length - 1).abs().gt(0.5)
        assert (lacks | contradicts).any(), case


def test_near_misses_of_incomplete_rows_are_complete(town: SampleTown, filed: pd.DataFrame) -> None:
    drawn = set()
    for code, _, case in pairs(town.near_misses, "incomplete_data"):
        rows = sites(filed, code)
        assert rows.geometry.notna().all(), case
        assert rows[["start", "finish", "施工工艺"]].notna().all(axis=None), case
        stated = rows[rows["面积"].notna()]
        assert np.allclose(stated["面积"], stated.area, rtol=0.03), case
        assert np.allclose(stated["长度"] * stated["宽度"], stated["面积"], rtol=0.03), case
        drawn |= set(rows.geom_type)
    assert drawn == {"Polygon", "LineString", "Point"}


def test_nothing_comes_near_a_planted_work(town: SampleTown, filed: pd.DataFrame) -> None:
    truth = pd.concat([town.planted, town.near_misses])
    case_of: dict[str, set[str]] = {}
    for a, b, case in zip(truth["project_a"], truth["project_b"], truth["case"], strict=True):
        for code in {a, b or a}:
            case_of.setdefault(code, set()).add(case)
    ground = filed[filed.geometry.notna()].reset_index(drop=True)
    case = [min(case_of.get(code, {""})) for code in ground["项目编号"]]
    cases = np.array(case, dtype=object)
    shapes = ground.geometry.to_numpy()
    left, right = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=70.0)
    strangers = cases[left] != cases[right]
    assert not strangers.any(), sorted(set(zip(cases[left], cases[right], strict=True)))[:5]


def test_every_label_is_a_known_code(town: SampleTown) -> None:
    for field in FIELDS:
        if field.kind == "code" and field.zh in town.projects:
            labels = table(f"labels.{field.name}", "zh")
            assert set(labels) >= set(field.codes), field.name
            for rows in (town.projects, town.history):
                assert set(rows[field.zh].dropna()) <= set(labels.values()), field.name


def test_headers_are_those_of_the_domain(town: SampleTown) -> None:
    assert set(town.projects.columns) - {"geometry"} <= {field.zh for field in FIELDS}


def test_rows_of_a_project_agree_on_what_belongs_to_it(town: SampleTown) -> None:
    shared = [f.zh for f in FIELDS if f.scope == "project" and f.zh in town.projects]
    for rows in (town.projects, town.history):
        assert rows.groupby("项目编号")[shared].nunique(dropna=False).eq(1).all(axis=None)
    assert not town.projects.duplicated(["项目编号", "工点"]).any()
    assert town.history["履历编号"].is_unique


def test_the_mix_is_that_of_a_district(town: SampleTown) -> None:
    first = town.projects.drop_duplicates("项目编号")
    assert first["行业"].nunique() == 7
    assert first["街镇"].nunique() == 12
    assert first["项目阶段"].nunique() >= 10
    count = town.projects["项目编号"].value_counts()
    assert 0.05 < (count > 1).mean() < 0.25
    assert days(town.projects["计划开工"]).min() >= pd.Timestamp("2025-01-01")
    assert days(town.projects["计划竣工"]).max() <= pd.Timestamp("2027-12-31")
    assert days(town.history["计划竣工"]).max() < pd.Timestamp("2025-01-01")
    finish = days(town.projects["计划竣工"])
    done = town.projects["项目阶段"] == "竣工"
    assert town.projects["计划开工"].str.fullmatch(r"202\d年\d+月", na=False).sum() > 3
    assert (finish[done].dropna() < TODAY).all()
    kinds = town.projects.geom_type.value_counts()
    assert kinds["Polygon"] > 5 * kinds["LineString"] > kinds["Point"] > 0
    assert town.projects.geometry.isna().sum() > 0
    assert (pd.to_numeric(town.projects["工期(天)"]).dropna() >= 1).all()


def test_shared_ground_is_not_crowded(filed: pd.DataFrame, town: SampleTown) -> None:
    roads = town.roads.to_crs(4549)
    at = np.concatenate([
        shapely.line_interpolate_point(line, np.arange(0.0, line.length, 25.0))
        for line in roads.geometry
    ])  # fmt: skip
    ground = filed[filed["项目阶段"].ne("竣工") & filed.geometry.notna()]
    spot, row = shapely.STRtree(ground.geometry.buffer(6.0).to_numpy()).query(
        at, predicate="intersects"
    )
    seen = pd.DataFrame({"spot": spot, "code": ground["项目编号"].to_numpy()[row]})
    works = seen.drop_duplicates().groupby("spot").size()
    assert 2.0 <= works[works > 1].mean() <= 2.7


def test_awkward_names_are_there(town: SampleTown) -> None:
    names = "\n".join(town.projects["项目名称"])
    for text in ("<script>alert(1)</script>", '"引号"', "=1+1", "</div>", "{{ 7*7 }}"):
        assert text in names


def test_roads_look_like_those_of_a_source(town: SampleTown) -> None:
    roads = town.roads.to_crs(4549)
    assert town.roads.crs == 4326
    assert list(town.roads.columns) == [
        "id", "name", "highway", "lanes", "oneway", "width", "bridge", "layer", "geometry",
    ]  # fmt: skip
    assert roads["id"].is_unique
    assert roads.is_simple.all()
    assert roads["width"].isna().any()
    assert set(roads["highway"]) == {"primary", "secondary", "residential", "motorway"}
    names = set(roads["name"])
    assert any(n[:-2] + "东路" in names for n in names if n.endswith("西路"))
    assert any(n[:-2] + "北路" in names for n in names if n.endswith("南路"))
    lon, lat = town.roads.union_all().centroid.coords[0]
    assert (round(lon, 2), round(lat, 2)) == (121.25, 31.38)


def test_carriageways_of_a_dual_road_lie_side_by_side(town: SampleTown) -> None:
    roads = town.roads.to_crs(4549)
    oneway = roads[roads["oneway"] == "yes"]
    assert oneway["name"].nunique() >= 4
    for _, ways in oneway.groupby("name"):
        middle = ways.geometry.interpolate(0.5, normalized=True).to_numpy()
        others = [
            min(
                float(point.distance(line))
                for line in ways.geometry
                if line.distance(point) > 1.0 and abs(line.project(point) % line.length) > 0.01
            )
            for point in middle
            if any(0.01 < line.project(point) < line.length - 0.01 and line.distance(point) > 1.0
                   for line in ways.geometry)
        ]  # fmt: skip
        assert len(others) > 0
        assert min(others) >= 14.0
        assert np.median(others) <= 20.0


def test_junctions_share_vertices_and_the_elevated_road_shares_none(town: SampleTown) -> None:
    above = town.roads["highway"] == "motorway"
    ground = town.roads[~above]
    vertices = {tuple(xy) for xy in shapely.get_coordinates(ground.geometry)}
    over = town.roads[above].geometry
    assert not vertices & {tuple(xy) for xy in shapely.get_coordinates(over)}
    assert ground.crosses(over.iloc[0]).sum() > 10
    lines = ground.geometry.to_numpy()
    a, b = shapely.STRtree(lines).query(lines, predicate="intersects")
    met = shapely.get_parts(shapely.intersection(lines[a[a < b]], lines[b[a < b]]))
    assert len(met) > 500
    assert {tuple(xy) for xy in shapely.get_coordinates(met)} <= vertices


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_inputs(make_town(projects=60, seed=5), tmp_path / "a")
    again = write_inputs(make_town(projects=60, seed=5), tmp_path / "b")
    other = write_inputs(make_town(projects=60, seed=6), tmp_path / "c")
    assert {key: path.name for key, path in first.items()} == {
        "roads": "roads.geojson", "projects": "projects.geojson",
        "projects_water": "projects_water.csv", "history": "history.geojson",
        "restrictions": "restrictions.geojson", "boundaries": "boundaries.geojson",
        "assets": "assets.geojson", "policy": "policy.toml",
        "planted": "planted.csv", "near_misses": "near_misses.csv",
    }  # fmt: skip
    for key, path in first.items():
        assert path.read_bytes() == again[key].read_bytes(), key
        if key != "policy":
            assert path.read_bytes() != other[key].read_bytes(), key


def test_files_read_back_as_they_were(town: SampleTown, tmp_path: Path) -> None:
    paths = write_inputs(town, tmp_path)
    water = pd.read_csv(paths["projects_water"], dtype=str, encoding="utf-8-sig")
    layer = gpd.read_file(paths["projects"], engine="pyogrio")
    document = json.loads(paths["projects"].read_text(encoding="utf-8"))
    assert len(water) > 10
    assert len(water) + len(layer) == len(town.projects)
    assert water["计划开工"].str.fullmatch(r"202\d/\d+/\d+|202\d年\d+月", na=True).all()
    assert set(water["项目单位"]) == {"云城供水有限公司"}
    assert "云城供水有限公司" not in set(layer["项目单位"])
    keys = ["项目编号", "工点"]
    back = pd.concat([
        layer[[*keys, "geometry"]],
        water[keys].assign(geometry=gpd.GeoSeries.from_wkt(water["WKT"]).to_numpy()),
    ]).sort_values(keys, ignore_index=True)  # fmt: skip
    assert back[keys].equals(town.projects[keys].astype("str"))
    same = shapely.equals_exact(
        back["geometry"].to_numpy(), town.projects.geometry.to_numpy(), tolerance=1e-9
    )
    assert (same | town.projects.geometry.isna().to_numpy()).all()
    assert "crs" not in document or "CRS84" in json.dumps(document["crs"])
    for key in ("planted", "near_misses"):
        truth = pd.read_csv(paths[key], dtype=str, keep_default_na=False)
        assert list(truth.columns) == ["rule", "project_a", "project_b"]
        assert len(truth) == len(getattr(town, key))


def test_a_town_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 20, found 19"):
        make_town(projects=19)


@pytest.mark.real_data
def test_projects_lie_on_real_roads(real_data: Path) -> None:
    roads = gpd.read_file(real_data / "shanghai_jiading_osm_roads" / "ways.geojson")
    laid = project_onto(roads, projects=200, seed=1)
    assert laid["项目编号"].nunique() == 200
    assert set(laid["道路名称"]) <= set(roads["name"].dropna())
    metric, lines = laid.to_crs(4549), roads.to_crs(4549)
    drawn = metric[metric.geometry.notna()]
    assert len(drawn) > 190
    _, away = lines.sindex.nearest(drawn.centroid, return_all=False, return_distance=True)
    assert np.median(away) < 15.0
    assert (drawn.distance(lines.union_all()) < 20.0).all()
