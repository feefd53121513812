"""The sample town: streets, filed projects, finished works, and what must and must not be found.

Everything is invented and comes from a seed; the truth in `SampleTown.planted` and
`SampleTown.near_misses` follows from how the works were laid (`data.sample_scenarios`), never from
the code that has to find it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.projects import FIELD
from data.sample_background import Centrelines, crossings_of, random_sites, towns_of
from data.sample_network import METRIC_CRS, TownPlan, make_plan, town_side
from data.sample_plants import CLEAR_M, plant
from data.sample_scenarios import AS_OF
from data.sample_works import KINDS, WKT_UNIT, Places, headers, labels, middle_lines, strips

__all__ = ["AS_OF", "SampleTown", "make_town", "project_onto", "write_inputs"]

_CODED = (
    "sector", "work_type", "stage", "level", "position", "method", "utility", "line_kind",
    "traffic_impact",
)  # fmt: skip

_AWKWARD_NAMES = (
    '<script>alert(1)</script> "引号" & 道路工程',
    "=1+1 O'Neil 路口改造 </div>",
    "{{ 7*7 }} \\ 管线工程 ${x}",
)
"""Names that run as script, formula or template where somebody forgot to escape them."""


@dataclass(frozen=True)
class SampleTown:
    """A town made up for the demo, the documents and the tests.

    Attributes
    ----------
    roads
        Centre lines with OSM-like attributes: ``id, name, highway, lanes, oneway, width, bridge,
        layer`` (all but ``id`` text); LineString, lon/lat WGS 84.
    projects
        One row per site as units file them: Chinese headers and values, dates as ISO text,
        some as months (2027年5月); polygons,
        lines, points and some missing geometry, lon/lat WGS 84.
    history
        Finished works of the years before, same headers; polygons, lon/lat WGS 84.
    planted, near_misses
        ``rule, project_a, project_b``: what must and what must not be found. Codes of a pair are
        sorted; ``project_b`` is empty where a rule has one project. ``case`` says which scenario.
    """

    roads: gpd.GeoDataFrame
    projects: gpd.GeoDataFrame
    history: gpd.GeoDataFrame
    planted: pd.DataFrame
    near_misses: pd.DataFrame


def make_town(*, projects: int = 300, seed: int = 0) -> SampleTown:
    """Make the sample town.

    Parameters
    ----------
    projects
        How many projects it has, at least 20; the streets grow with them. From 300 on every rule
        has at least ten planted conflicts and ten near misses.
    seed
        The same number gives the same town, to the byte.

    Returns
    -------
    SampleTown
        Judged on `AS_OF`.

    Raises
    ------
    ValueError
        When ``projects`` is below 20.

    Examples
    --------
    >>> town = make_town(projects=40, seed=1)
    >>> int(town.projects["项目编号"].nunique())
    40
    """
    if projects < 20:
        raise ValueError(f"projects must be at least 20, found {projects}")
    rng = np.random.default_rng(seed)
    plan = make_plan(town_side(projects), rng)
    plants = plant(plan, projects, rng)
    planted_count = int(plants.sites["project"].nunique()) - _history_count(plants.sites)
    lines = _centrelines(plan)
    kept_free = _ground(lines, plants.sites[plants.sites["drawn"] != "nothing"])
    random = random_sites(lines, projects - planted_count, rng, clear_of=kept_free, clear_m=CLEAR_M)
    past = random_sites(
        lines, projects // 2, rng, clear_of=kept_free, clear_m=CLEAR_M, history=True
    )
    base = int(plants.sites["project"].max()) + 1
    random["project"] += base
    past["project"] += base + projects
    sites = pd.concat([plants.sites, random, past], ignore_index=True)
    codes = _codes(sites, rng)
    filed = _filed(lines, sites, codes, rng, awkward=True)
    is_history = sites["history"].to_numpy(dtype=bool)
    return SampleTown(
        roads=_lon_lat(plan.ways),
        projects=_sorted(filed[~is_history]),
        history=_sorted(filed[is_history]),
        planted=_pairs(plants.planted, codes),
        near_misses=_pairs(plants.near_misses, codes),
    )


def project_onto(roads: gpd.GeoDataFrame, *, projects: int, seed: int = 0) -> gpd.GeoDataFrame:
    """Lay random projects on given centre lines, as `SampleTown.projects` has them.

    Parameters
    ----------
    roads
        LineStrings in any CRS with ``name`` and ``highway`` (OSM); further columns are not needed.
    projects
        How many.
    seed
        The same number gives the same projects.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per site, Chinese headers, lon/lat WGS 84.

    Examples
    --------
    >>> road = shapely.LineString([(121.25, 31.38), (121.26, 31.385)])
    >>> roads = gpd.GeoDataFrame({"name": ["云浦路"], "highway": ["primary"]}, geometry=[road], crs=4326)
    >>> project_onto(roads, projects=3)["道路名称"].unique().tolist()
    ['云浦路']
    """
    rng = np.random.default_rng(seed)
    metric = roads.to_crs(METRIC_CRS)
    lines = _merged(metric)
    nothing = np.empty(0, dtype=object)
    sites = random_sites(lines, projects, rng, clear_of=nothing, clear_m=0.0)
    return _sorted(_filed(lines, sites, _codes(sites, rng), rng, awkward=False))


def write_inputs(town: SampleTown, folder: Path) -> dict[str, Path]:
    """Write the town as the files that its units would send.

    Returns
    -------
    dict
        ``roads``, ``projects`` (GeoJSON), ``projects_water`` (CSV with WKT, the list of one unit),
        ``history`` (GeoJSON), ``planted``, ``near_misses`` (CSV ``rule,project_a,project_b``).
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = {
        "roads": "roads.geojson", "projects": "projects.geojson",
        "projects_water": "projects_water.csv", "history": "history.geojson",
        "planted": "planted.csv", "near_misses": "near_misses.csv",
    }  # fmt: skip
    paths = {key: folder / name for key, name in names.items()}
    by_water = (town.projects["项目单位"] == WKT_UNIT).to_numpy()
    _write_geojson(town.roads, paths["roads"])
    _write_geojson(town.projects[~by_water], paths["projects"])
    _write_geojson(town.history, paths["history"])
    water_geometry = town.projects.geometry.to_numpy()[by_water]
    water = pd.DataFrame(town.projects[by_water].drop(columns="geometry"))
    for column in ("计划开工", "计划竣工", "实际开工", "实际竣工"):  # this unit writes 2026/5/1
        water[column] = water[column].str.replace(r"-0?(\d+)-0?(\d+)$", r"/\1/\2", regex=True)
    water["WKT"] = shapely.to_wkt(water_geometry, rounding_precision=7)
    water.to_csv(paths["projects_water"], index=False, encoding="utf-8-sig", lineterminator="\n")
    for key in ("planted", "near_misses"):
        table: pd.DataFrame = getattr(town, key)
        table[["rule", "project_a", "project_b"]].to_csv(
            paths[key], index=False, lineterminator="\n"
        )
    return paths


def _write_geojson(table: gpd.GeoDataFrame, path: Path) -> None:
    path.unlink(missing_ok=True)
    path.write_text(
        table.to_json(drop_id=True, ensure_ascii=False, na="drop") + "\n", encoding="utf-8"
    )


def _history_count(sites: pd.DataFrame) -> int:
    return int(sites.loc[sites["history"].astype(bool), "project"].nunique())


def _centrelines(plan: TownPlan) -> Centrelines:
    weight = plan.runs["kind"].map(
        {"dual": 1.3, "primary": 1.8, "secondary": 1.3, "local": 0.8, "elevated": 0.15}
    )
    return Centrelines(plan.runs.assign(weight=weight), plan.nodes)


_WIDTH_M = {"motorway": 24.0, "trunk": 24.0, "primary": 20.0, "secondary": 16.0, "tertiary": 12.0}


def _merged(roads: gpd.GeoDataFrame) -> Centrelines:
    """Join the ways of a name to longer lines, and note where names meet."""
    named = roads[roads["name"].notna() & ~roads["highway"].str.endswith("_link", na=False)]
    joined = named.dissolve("name", aggfunc={"highway": "first"}, sort=True)
    joined = joined.set_geometry(shapely.line_merge(joined.geometry.to_numpy()), crs=roads.crs)
    runs = joined.explode().reset_index().rename(columns={"name": "road"})
    runs = runs[runs.geometry.length > 30.0].reset_index(drop=True)
    runs["width_m"] = runs["highway"].map(_WIDTH_M).fillna(10.0)
    runs["weight"] = 1.0
    return Centrelines(runs, crossings_of(runs))


def _ground(lines: Centrelines, sites: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return the ground of every site as a strip at least 2 m wide, whatever it draws (metres)."""
    place = Places.of(sites.assign(low_m=sites["low_m"] - 1.0, high_m=sites["high_m"] + 1.0))
    return strips(lines.runs.geometry.to_numpy(), place)


def _codes(sites: pd.DataFrame, rng: np.random.Generator) -> pd.Series[str]:
    """Return a code per project, in no order that tells planted works from others."""
    first = sites.drop_duplicates("project").set_index("project")
    past = first["history"].to_numpy(dtype=bool)
    number = rng.permutation(len(first)) + 1
    prefix = np.where(past, "LZ", "YC26-")
    return pd.Series(
        [f"{p}{k:05d}" for p, k in zip(prefix, number, strict=True)], index=first.index
    )


def _pairs(truth: pd.DataFrame, codes: pd.Series[str]) -> pd.DataFrame:
    first = codes.reindex(truth["first"]).to_numpy(dtype=object)
    second = codes.reindex(truth["second"]).to_numpy(dtype=object)
    one = truth["second"].to_numpy() < 0
    second = np.where(one, first, second)
    return pd.DataFrame(
        {
            "rule": truth["rule"].to_numpy(),
            "project_a": np.minimum(first, second),
            "project_b": np.where(one, "", np.maximum(first, second)),
            "case": truth["case"].to_numpy(),
        }
    ).sort_values(["rule", "project_a", "project_b"], ignore_index=True)


def _filed(
    lines: Centrelines,
    sites: pd.DataFrame,
    codes: pd.Series[str],
    rng: np.random.Generator,
    *,
    awkward: bool,
) -> gpd.GeoDataFrame:
    """Turn sites as codes and metres into the rows that a unit files."""
    kinds = [KINDS[kind] for kind in sites["kind"]]
    geometry = _drawn(lines, sites)
    area = shapely.area(geometry)
    length = (sites["to_m"] - sites["from_m"]).to_numpy()
    polygon = (sites["drawn"] == "polygon").to_numpy()
    sized = polygon | (sites["drawn"] == "line").to_numpy()
    centre = shapely.centroid(_ground(lines, sites))
    road = lines.runs["road"].to_numpy(dtype=object)[sites["run"].to_numpy(dtype=np.int64)]
    own_width = np.array([kind.width_m for kind in kinds])
    across = (sites["high_m"] - sites["low_m"]).to_numpy(dtype=float)
    drawn_width = np.where(own_width > 0, own_width, across)
    trench = np.where(polygon, area / np.maximum(length, 1.0), drawn_width)
    cost = np.round(np.maximum(length, 5.0) * np.maximum(trench, 1.5)
                    * [kind.yuan_per_m2 for kind in kinds] / 1e4
                    * rng.uniform(0.8, 1.3, len(sites)) + 5, 1)  # fmt: skip
    project = sites["project"].to_numpy()
    leader = ~sites.duplicated("project").to_numpy()
    table = sites.assign(
        code=codes.reindex(project).to_numpy(),
        department=[kind.department for kind in kinds],
        sector=[kind.sector for kind in kinds],
        work_type=[kind.work_type for kind in kinds],
        utility=np.array([kind.utility for kind in kinds], dtype=object),
        line_kind=np.array([kind.line_kind for kind in kinds], dtype=object),
        method=[kind.method for kind in kinds],
        road=road,
        extent_text=_extents(lines, sites),
        position=_positions(lines, sites),
        length_m=np.where(sized, np.round(length * sites["length_factor"], 1), np.nan),
        width_m=np.where(sized, np.round(trench, 2), np.nan),
        area_m2=np.where(polygon, np.round(area * sites["area_factor"], 1), np.nan),
        external_id=None, safety_critical=None, remark=None,
        name=[f"{r}{kind.title}" for r, kind in zip(road, kinds, strict=True)],
        town=towns_of(shapely.get_x(centre), shapely.get_y(centre)),
        cost_wan=cost,
    )  # fmt: skip
    done = table["stage"].eq("completed") | table["history"].astype(bool)
    table["actual_start"] = table["start"].where(done)
    table["actual_finish"] = table["finish"].where(done)
    table["stage"] = table["stage"].where(~table["history"].astype(bool), "completed")
    table.loc[table["kind"] == "facade", "remark"] = "仅立面作业，不涉及道路开挖"
    random = pd.Series([len(given) == 0 for given in table["given"]], index=table.index)
    table.loc[random & (rng.random(len(table)) < 0.02), "safety_critical"] = "是"
    table = _given(_coarse(table, random & (rng.random(len(table)) < 0.4)))
    table = _once_per_project(table, leader)
    if awkward:
        rows = table.index[~table["history"].astype(bool)]
        last = table.loc[rows, "project"].drop_duplicates().iloc[-len(_AWKWARD_NAMES) :]
        for number, name in zip(last, _AWKWARD_NAMES, strict=True):
            table.loc[table["project"] == number, "name"] = name
    for field in _CODED:
        table[field] = table[field].map(labels(field))
    wanted = headers()
    filed = pd.DataFrame(table[list(wanted)]).rename(columns=wanted)
    return _lon_lat(gpd.GeoDataFrame(filed, geometry=geometry, crs=METRIC_CRS))


def _given(table: pd.DataFrame) -> pd.DataFrame:
    """Put in what a scenario states itself."""
    for field in sorted({name for given in table["given"] for name in given}):
        stated = np.array([field in given for given in table["given"]])
        column = table[field].to_numpy(dtype=object, copy=True)
        column[stated] = [given[field] for given in table["given"][stated]]
        number = FIELD[field].kind in ("number", "integer")
        table[field] = pd.to_numeric(pd.Series(column, table.index)) if number else column
    return table


def _coarse(table: pd.DataFrame, some: pd.Series[bool]) -> pd.DataFrame:
    """Write the dates of some early plans as months, as their units know them no better."""
    early = some & table["stage"].isin(("proposed", "preliminary", "reserve"))
    for field in ("start", "finish"):
        day = pd.to_datetime(table.loc[early, field])
        month = day.dt.year.astype("Int64").astype("str") + "年"
        month += day.dt.month.astype("Int64").astype("str") + "月"
        table.loc[early, field] = month.where(day.notna(), None)
    return table


def _once_per_project(table: pd.DataFrame, leader: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Give every site of a project the values that belong to the project."""
    first = table[leader].set_index("project")
    for field in ("name", "town", "safety_critical", "remark"):
        table[field] = table["project"].map(first[field])
    total = table.groupby("project")["cost_wan"].sum(min_count=1).round(1)
    table["cost_wan"] = table["project"].map(total)
    return table


def _drawn(lines: Centrelines, sites: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return what each row draws: a strip, a line, a point or nothing (metres)."""
    line = lines.runs.geometry.to_numpy()
    place = Places.of(sites)
    drawn = sites["drawn"].to_numpy()
    geometry = np.full(len(sites), None, dtype=object)
    geometry[drawn == "polygon"] = strips(line, place.where(drawn == "polygon"))
    lies = np.isin(drawn, ["line", "point"])
    geometry[lies] = middle_lines(line, place.where(lies))
    point = drawn == "point"
    geometry[point] = shapely.line_interpolate_point(geometry[point], 0.5, normalized=True)
    return geometry


def _extents(lines: Centrelines, sites: pd.DataFrame) -> list[str]:
    """Return 起讫点 as planners write it: from crossing to crossing."""
    key = lines.nodes["run"].to_numpy() * 1e6 + lines.nodes["at_m"].to_numpy()
    run = sites["run"].to_numpy(dtype=np.int64)
    road = lines.runs["road"].to_numpy(dtype=object)
    other = np.append(lines.nodes["other"].to_numpy(dtype=np.int64), 0)
    of = np.append(lines.nodes["run"].to_numpy(dtype=np.int64), -1)
    before = np.searchsorted(key, run * 1e6 + sites["from_m"].to_numpy() + 10.0, side="right") - 1
    after = np.searchsorted(key, run * 1e6 + sites["to_m"].to_numpy() - 10.0, side="left")
    ends = [
        np.where(of[at] == run, road[other[at]], edge)
        for at, edge in ((before, "起点"), (after, "终点"))
    ]
    return [f"{a}—{b}" for a, b in zip(*ends, strict=True)]


def _positions(lines: Centrelines, sites: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return where on the road a work lies, as planners put it."""
    half = lines.runs["width_m"].to_numpy()[sites["run"].to_numpy(dtype=np.int64)] / 2
    low, high = sites["low_m"].to_numpy(dtype=float), sites["high_m"].to_numpy(dtype=float)
    kind = sites["kind"].to_numpy(dtype=object)
    return np.select(
        [kind == "footway", kind == "trees", high - low > 1.6 * half, high - low > 0.75 * half],
        ["footway", "verge", "full", "half"],
        "carriageway",
    ).astype(object)


def _lon_lat(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the table in lon/lat, to seven decimals (a centimetre)."""
    there = table.to_crs(4326)
    rounded = shapely.transform(there.geometry.to_numpy(), _to_centimetres)
    return there.set_geometry(gpd.GeoSeries(rounded, index=there.index, crs=4326))


def _to_centimetres(lon_lat: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.round(lon_lat, 7)


def _sorted(filed: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return filed.sort_values(["项目编号", "工点"], ignore_index=True)
