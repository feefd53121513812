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
import pandas as pd
import shapely

from data.sample_background import Centrelines, crossings_of, random_sites
from data.sample_filing import filed_rows, ground, lon_lat
from data.sample_network import METRIC_CRS, TownPlan, make_plan, town_side
from data.sample_plants import CLEAR_M, plant
from data.sample_rule_scenarios import SAMPLE_CAPS_M
from data.sample_scenarios import AS_OF
from data.sample_works import WKT_UNIT, Places, middle_lines, strips

__all__ = ["AS_OF", "SampleTown", "make_town", "project_onto", "write_inputs"]


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
        Finished works of the years before, same headers, numbered in 履历编号; polygons, lon/lat
        WGS 84.
    planted, near_misses
        ``rule, project_a, project_b``: what must and what must not be found. Codes of a pair are
        sorted; ``project_b`` is empty where a rule has one project, and the id of the restriction,
        zone or asset where it is about one. ``case`` says which scenario.
    restrictions, boundaries, assets
        Periods that are kept free, zones with a cap, and what lies beside the roads: ``编号`` and
        the headers of `data.read_areas`; lon/lat WGS 84.
    """

    roads: gpd.GeoDataFrame
    projects: gpd.GeoDataFrame
    history: gpd.GeoDataFrame
    planted: pd.DataFrame
    near_misses: pd.DataFrame
    restrictions: gpd.GeoDataFrame
    boundaries: gpd.GeoDataFrame
    assets: gpd.GeoDataFrame


def make_town(*, projects: int = 400, seed: int = 0) -> SampleTown:
    """Make the sample town.

    Parameters
    ----------
    projects
        How many projects it has, at least 20; the streets grow with them. From 400 on every
        scenario is there.
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
    kept_free = ground(lines, plants.sites[plants.sites["drawn"] != "nothing"])
    random = random_sites(lines, projects - planted_count, rng, clear_of=kept_free, clear_m=CLEAR_M)
    past = random_sites(
        lines, projects // 2, rng, clear_of=kept_free, clear_m=CLEAR_M, history=True
    )
    base = int(plants.sites["project"].max()) + 1
    random["project"] += base
    past["project"] += base + projects
    sites = pd.concat([plants.sites, random, past], ignore_index=True)
    codes = _codes(sites, rng)
    filed = filed_rows(lines, sites, codes, rng, awkward=True)
    is_history = sites["history"].to_numpy(dtype=bool)
    return SampleTown(
        roads=lon_lat(plan.ways),
        projects=_sorted(filed[~is_history]),
        history=_ledger(_sorted(filed[is_history])),
        planted=_pairs(plants.planted, codes),
        near_misses=_pairs(plants.near_misses, codes),
        restrictions=_areas(plants.areas, "restrictions", lines),
        boundaries=_areas(plants.areas, "boundaries", lines),
        assets=_areas(plants.areas, "assets", lines),
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
    return _sorted(filed_rows(lines, sites, _codes(sites, rng), rng, awkward=False))


def write_inputs(town: SampleTown, folder: Path) -> dict[str, Path]:
    """Write the town as the files that its units would send.

    Returns
    -------
    dict
        ``roads``, ``projects`` (GeoJSON), ``projects_water`` (CSV with WKT, the list of one unit),
        ``history``, ``restrictions``, ``boundaries``, ``assets`` (GeoJSON), ``policy`` (TOML),
        ``planted``, ``near_misses`` (CSV ``rule,project_a,project_b``).
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = {
        "roads": "roads.geojson", "projects": "projects.geojson",
        "projects_water": "projects_water.csv", "history": "history.geojson",
        "restrictions": "restrictions.geojson", "boundaries": "boundaries.geojson",
        "assets": "assets.geojson", "policy": "policy.toml",
        "planted": "planted.csv", "near_misses": "near_misses.csv",
    }  # fmt: skip
    paths = {key: folder / name for key, name in names.items()}
    by_water = (town.projects["项目单位"] == WKT_UNIT).to_numpy()
    _write_geojson(town.roads, paths["roads"])
    _write_geojson(town.projects[~by_water], paths["projects"])
    for layer in ("history", "restrictions", "boundaries", "assets"):
        _write_geojson(getattr(town, layer), paths[layer])
    caps = "".join(f'"{zone}" = {cap_m:g}\n' for zone, cap_m in SAMPLE_CAPS_M.items())
    paths["policy"].write_text(
        f'version = "sample-town-1"\n\n[volume.opened_m]\n{caps}', encoding="utf-8"
    )
    water_geometry = town.projects.geometry.to_numpy()[by_water]
    water = pd.DataFrame(town.projects[by_water].drop(columns="geometry"))
    for column in (
        "计划开工",
        "计划竣工",
        "实际开工",
        "实际竣工",
        "许可起始",
        "许可截止",
    ):  # this unit writes 2026/5/1
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
    second = truth["second"].to_numpy(dtype=object)
    area = np.array([isinstance(one, str) for one in second], dtype=bool)
    number = np.where(area, -1, second).astype(np.int64)
    other = codes.reindex(number).to_numpy(dtype=object)
    one = number < 0
    other = np.where(one, first, other)
    return pd.DataFrame(
        {
            "rule": truth["rule"].to_numpy(),
            "project_a": np.minimum(first, other),
            "project_b": np.where(area, second, np.where(one, "", np.maximum(first, other))),
            "case": truth["case"].to_numpy(),
        }
    ).sort_values(["rule", "project_a", "project_b"], ignore_index=True)


def _areas(areas: pd.DataFrame, layer: str, lines: Centrelines) -> gpd.GeoDataFrame:
    """Return one layer of what lies beside the works, as its keeper would send it."""
    rows = areas[areas["layer"] == layer].reset_index(drop=True)
    table = pd.DataFrame({"编号": rows["id"]}).join(pd.DataFrame(rows["values"].tolist()))
    run = lines.runs.geometry.to_numpy()
    place = Places.of(rows)
    shapes = strips(run, place)
    lies = rows["drawn"].isin(["line", "point"]).to_numpy()
    shapes[lies] = middle_lines(run, place.where(lies))
    point = rows["drawn"].eq("point").to_numpy()
    shapes[point] = shapely.line_interpolate_point(shapes[point], 0.5, normalized=True)
    return lon_lat(gpd.GeoDataFrame(table, geometry=shapes, crs=METRIC_CRS))


def _ledger(history: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give each row of the ledger a number: the code of the work, with the site after the first."""
    later = ("-" + history["工点"]).where(history["工点"] != "1", "")
    numbered = history.drop(columns="工点")
    numbered.insert(0, "履历编号", history["项目编号"] + later)
    return numbered


def _sorted(filed: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return filed.sort_values(["项目编号", "工点"], ignore_index=True)
