"""Turns works as codes and metres into the rows that their units file."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.projects import FIELD
from data.sample_background import Centrelines, towns_of
from data.sample_network import METRIC_CRS
from data.sample_works import KINDS, Places, headers, labels, middle_lines, strips

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


def ground(lines: Centrelines, sites: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return the ground of every site as a strip at least 2 m wide, whatever it draws (metres)."""
    place = Places.of(sites.assign(low_m=sites["low_m"] - 1.0, high_m=sites["high_m"] + 1.0))
    return strips(lines.runs.geometry.to_numpy(), place)


def filed_rows(
    lines: Centrelines,
    sites: pd.DataFrame,
    codes: pd.Series[str],
    rng: np.random.Generator,
    *,
    awkward: bool,
) -> gpd.GeoDataFrame:
    """Turn sites as codes and metres into the rows that a unit files.

    Parameters
    ----------
    lines
        What the sites' places refer to.
    sites
        The columns of `data.sample_plants.Plants.sites`.
    codes
        Code of each project, by its number.
    rng
        For what planners estimate or leave vague.
    awkward
        Give the last random projects names that break careless software.

    Returns
    -------
    geopandas.GeoDataFrame
        Chinese headers and values, lon/lat WGS 84, the order of ``sites``.
    """
    kinds = [KINDS[kind] for kind in sites["kind"]]
    geometry = _drawn(lines, sites)
    area = shapely.area(geometry)
    length = (sites["to_m"] - sites["from_m"]).to_numpy()
    polygon = (sites["drawn"] == "polygon").to_numpy()
    sized = polygon | (sites["drawn"] == "line").to_numpy()
    centre = shapely.centroid(ground(lines, sites))
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
        permit_no=None, permit_start=None, permit_finish=None, permit_area_m2=None,
        name=[f"{r}{kind.title}" for r, kind in zip(road, kinds, strict=True)],
        town=towns_of(shapely.get_x(centre), shapely.get_y(centre)),
        cost_wan=cost,
    )  # fmt: skip
    done = table["stage"].eq("completed") | table["history"].astype(bool)
    table["actual_start"] = table["start"].where(done)
    table["actual_finish"] = table["finish"].where(done)
    table["stage"] = table["stage"].where(~table["history"].astype(bool), "completed")
    table.loc[table["kind"] == "facade", "remark"] = "仅立面作业，不涉及道路开挖"
    random = ~table["planted"].astype(bool)
    table.loc[random & (rng.random(len(table)) < 0.02), "safety_critical"] = "是"
    table = _given(_coarse(table, random & (rng.random(len(table)) < 0.4)))
    table = _once_per_project(table, leader)
    if awkward:
        plan = table[random & ~table["history"].astype(bool)]
        last = plan["project"].drop_duplicates().iloc[-len(_AWKWARD_NAMES) :]
        for number, name in zip(last, _AWKWARD_NAMES, strict=True):
            table.loc[table["project"] == number, "name"] = name
    for field in _CODED:
        table[field] = table[field].map(labels(field))
    wanted = headers()
    rows = pd.DataFrame(table[list(wanted)]).rename(columns=wanted)
    return lon_lat(gpd.GeoDataFrame(rows, geometry=geometry, crs=METRIC_CRS))


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


def lon_lat(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the table in lon/lat, to seven decimals (a centimetre)."""
    there = table.to_crs(4326)
    rounded = shapely.transform(there.geometry.to_numpy(), _to_centimetres)
    return there.set_geometry(gpd.GeoSeries(rounded, index=there.index, crs=4326))


def _to_centimetres(lon_lat: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.round(lon_lat, 7)
