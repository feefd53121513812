"""Random works on any centre lines: the everyday filings between which the planted ones stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from data.sample_scenarios import AS_OF
from data.sample_works import KINDS, TOWNS, Places, strips

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FIRST_DAY = pd.Timestamp("2025-01-01")
LAST_DAY = pd.Timestamp("2027-12-31")
HISTORY_FIRST_DAY = pd.Timestamp("2021-03-01")


@dataclass(frozen=True)
class Centrelines:
    """Centre lines on which works can be laid.

    Attributes
    ----------
    runs
        ``road`` (name, missing where it has none), ``width_m``, ``weight`` (how much it is worked
        on), ``geometry`` LineString in a metric CRS; RangeIndex.
    nodes
        Where runs meet: ``run``, ``at_m``, ``other`` (run); sorted by run and ``at_m``.
    """

    runs: gpd.GeoDataFrame
    nodes: pd.DataFrame


def crossings_of(runs: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return where lines of different names touch or cross: ``run``, ``at_m``, ``other``."""
    lines = runs.geometry.to_numpy()
    a, b = shapely.STRtree(lines).query(lines, predicate="intersects")
    road = runs["road"].to_numpy(dtype=object)
    keep = (a != b) & (road[a] != road[b])
    a, b = a[keep], b[keep]
    spot = shapely.point_on_surface(shapely.intersection(lines[a], lines[b]))
    nodes = pd.DataFrame({"run": a, "at_m": shapely.line_locate_point(lines[a], spot), "other": b})
    return nodes.sort_values(["run", "at_m", "other"], ignore_index=True)


def random_sites(
    lines: Centrelines,
    projects: int,
    rng: np.random.Generator,
    *,
    clear_of: npt.NDArray[np.object_],
    clear_m: float,
    history: bool = False,
) -> pd.DataFrame:
    """Return sites of ``projects`` random works (15 % with several sites) as codes and metres.

    Parameters
    ----------
    lines
        Where they lie.
    projects
        How many.
    rng
        Everything random comes from here.
    clear_of, clear_m
        Ground (polygons) that every site keeps this far from.
    history
        Finished works of the five years before the plan instead of a plan.

    Returns
    -------
    pandas.DataFrame
        The columns of `data.sample_plants.Plants.sites`, projects numbered from 0.

    Raises
    ------
    ValueError
        When the centre lines have no free place.
    """
    count = np.where(rng.random(projects) < 0.15, rng.integers(2, 5, projects), 1)
    project = np.repeat(np.arange(projects), count)
    order = np.arange(len(project)) - np.repeat(np.cumsum(count) - count, count)
    kind = _kinds(projects, rng)
    place = _free_places(lines, kind[project], rng, clear_of, clear_m)
    sites = pd.DataFrame({"project": project, **vars(place)})
    sites["site_id"] = (order + 1).astype(str)
    sites["kind"] = kind[project]
    sites["planted"] = False
    sites["history"] = history
    sites["drawn"] = rng.choice(["polygon", "line", "point"], len(sites), p=[0.8, 0.14, 0.06])
    if history:
        sites["drawn"] = "polygon"
    for column, values in _windows(sites, projects, rng, history=history).items():
        sites[column] = values
    sites["given"] = pd.Series([{} for _ in range(len(sites))], index=sites.index, dtype=object)
    sites["area_factor"], sites["length_factor"] = 1.0, 1.0
    for column, per_project in _project_values(sites, projects, rng).items():
        sites[column] = per_project[project]
    return sites if history else _with_gaps(sites, rng)


def _kinds(projects: int, rng: np.random.Generator) -> npt.NDArray[np.object_]:
    share = np.array([kind.share for kind in KINDS.values()])
    return np.array(list(KINDS), dtype=object)[
        rng.choice(len(KINDS), projects, p=share / share.sum())
    ]


def _free_places(
    lines: Centrelines,
    kind: npt.NDArray[np.object_],
    rng: np.random.Generator,
    clear_of: npt.NDArray[np.object_],
    clear_m: float,
) -> Places:
    """Draw places until none is near the kept-free ground."""
    tree = shapely.STRtree(clear_of)
    line = lines.runs.geometry.to_numpy()
    places = _places(lines, kind, rng)
    drawn = np.arange(len(kind))
    for _ in range(200):
        ground = strips(line, places.where(drawn))
        near = tree.query(ground, predicate="dwithin", distance=clear_m)[0]
        drawn = drawn[np.unique(near)]
        if len(drawn) == 0:
            return places
        places = places.with_changed(drawn, _places(lines, kind[drawn], rng))
    raise ValueError("no place on these centre lines is free for random works")


def _places(lines: Centrelines, kind: npt.NDArray[np.object_], rng: np.random.Generator) -> Places:
    """Draw a run, a stretch of it (from crossing to crossing for half of them), and a width."""
    n = len(kind)
    length: Floats = np.asarray(shapely.length(lines.runs.geometry.to_numpy()))
    chance = length * lines.runs["weight"].to_numpy()
    run = rng.choice(len(length), n, p=chance / chance.sum())
    from_m, to_m = _partial(length[run], rng)
    street_from, street_to, ok = _streets(lines, run, rng)
    whole = ok & (rng.random(n) < 0.5)
    from_m, to_m = np.where(whole, street_from, from_m), np.where(whole, street_to, to_m)

    half = lines.runs["width_m"].to_numpy()[run] / 2
    trench = np.array([KINDS[k].width_m for k in kind])
    side = rng.choice([-1.0, 1.0], n)
    way = rng.random(n)
    inner = np.where(way < 0.35, 0.0, side * np.maximum(half - trench - 0.4, 0.0) * rng.random(n))
    low, high = inner - trench / 2, inner + trench / 2
    full = (trench == 0) & (way < 0.7)
    low = np.where(trench == 0, np.where(full | (side < 0), -half, 0.0), low)
    high = np.where(trench == 0, np.where(full | (side > 0), half, 0.0), high)
    kerb = np.isin(kind, ["footway", "trees", "facade"])
    low = np.where(kerb, np.where(side > 0, half - trench, -half), low)
    high = np.where(kerb, np.where(side > 0, half, trench - half), high)
    return Places(run, from_m, to_m, low, high)


def _partial(length: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return part of each run: 15 to 300 m, typically 80."""
    long = np.minimum(np.clip(rng.lognormal(4.4, 0.6, len(length)), 15.0, 300.0), 0.9 * length)
    start = rng.random(len(length)) * (length - long)
    return start.round(1), (start + long).round(1)


def _streets(
    lines: Centrelines, run: Ints, rng: np.random.Generator
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Return stretches of one to three blocks, drawn to the crossings or a little beyond."""
    n = len(run)
    key = lines.nodes["run"].to_numpy()
    at = lines.nodes["at_m"].to_numpy()
    if len(at) == 0:
        return np.zeros(n), np.zeros(n), np.zeros(n, dtype=bool)
    first = np.searchsorted(key, run, side="left")
    count = np.searchsorted(key, run, side="right") - first
    blocks = rng.choice([1, 2, 3], n, p=[0.6, 0.3, 0.1])
    free = np.maximum(count - blocks, 1)
    start = first + (rng.random(n) * free).astype(np.int64)
    stop = np.minimum(start + blocks, first + count - 1)
    start, stop = np.minimum(start, len(at) - 1), np.clip(stop, 0, len(at) - 1)
    spread = rng.uniform(-5.0, 5.0, (2, n))
    from_m, to_m = at[start] + spread[0], at[stop] + spread[1]
    ok = (count > blocks) & (to_m - from_m > 60.0) & (to_m - from_m < 1500.0)
    length = lines.runs.geometry.length.to_numpy()[run]
    return np.clip(from_m, 0, length).round(1), np.clip(to_m, 0, length).round(1), ok


def _windows(
    sites: pd.DataFrame, projects: int, rng: np.random.Generator, *, history: bool
) -> dict[str, npt.NDArray[Any]]:
    """Return ``start``, ``finish`` (ISO) and ``duration_days``; sites of one follow each other."""
    n = len(sites)
    first, last = (HISTORY_FIRST_DAY, FIRST_DAY) if history else (FIRST_DAY, LAST_DAY)
    span = (last - first).days
    project = sites["project"].to_numpy()
    begin = (rng.random(projects) * (span - 60)).astype(np.int64)[project]
    begin = begin + (sites["site_id"].astype(int).to_numpy() - 1) * rng.integers(20, 60, n)
    metres = (sites["to_m"] - sites["from_m"]).to_numpy()
    days = np.clip(rng.lognormal(3.2, 0.5, n) + metres * 0.1, 4, 240).astype(np.int64)
    loose = (rng.random(n) < 0.35) & ~np.full(n, history)
    window = days + np.where(loose, rng.integers(20, 240, n), 0)
    begin = np.clip(begin, 0, span - 10)
    window = np.minimum(window, span - begin)
    start = first + pd.to_timedelta(begin, unit="D")
    finish = start + pd.to_timedelta(window - 1, unit="D")
    return {
        "start": start.strftime("%Y-%m-%d").to_numpy(dtype=object),
        "finish": finish.strftime("%Y-%m-%d").to_numpy(dtype=object),
        "duration_days": np.minimum(days, window),
    }


def _project_values(
    sites: pd.DataFrame, projects: int, rng: np.random.Generator
) -> dict[str, npt.NDArray[np.object_]]:
    """Return what belongs to a project as a whole, one value per project."""
    first = sites.drop_duplicates("project")
    kind = first["kind"].to_numpy(dtype=object)
    which = (rng.random(projects) < 0.25).astype(int)
    unit = np.array([KINDS[k].units[w] for k, w in zip(kind, which, strict=True)], dtype=object)
    start = pd.to_datetime(sites.groupby("project")["start"].min())
    finish = pd.to_datetime(sites.groupby("project")["finish"].max())
    draw = rng.random(projects)
    own = np.isin(np.array([KINDS[k].sector for k in kind]), ["pipeline"])
    return {
        "owner_unit": unit,
        "stage": _stages(start, finish, draw),
        "level": rng.choice(np.array(["city", "district", "town"], dtype=object), projects,
                            p=[0.1, 0.65, 0.25]),
        "funding": np.where(
            own & (rng.random(projects) < 0.7), "企业自筹",
            rng.choice(np.array(["市级财政", "区级财政", "镇级财政", "专项债券"], dtype=object),
                       projects, p=[0.1, 0.55, 0.25, 0.1]),
        ),
        "traffic_impact": rng.choice(np.array(["none", "footway", "lane", "half", "full"],
                                              dtype=object), projects, p=[0.1, 0.25, 0.4, 0.2, 0.05]),
    }  # fmt: skip


def _stages(
    start: pd.Series[pd.Timestamp], finish: pd.Series[pd.Timestamp], draw: Floats
) -> npt.NDArray[np.object_]:
    """Return the stage that goes with the window on `AS_OF`, with the usual stragglers."""
    today = pd.Timestamp(AS_OF)
    ahead = (start - today).dt.days.to_numpy()
    over = (finish < today).to_numpy()
    going = ~over & (ahead <= 0)
    return np.select(
        [
            draw < 0.03, over & (draw < 0.93), over, going & (draw > 0.93), going & (draw < 0.85),
            going, (ahead < 90) & (draw < 0.5), ahead < 150, (ahead < 330) & (draw < 0.75),
            ahead < 330, draw < 0.35, draw < 0.7,
        ],
        [
            "withdrawn", "completed", "carried_over", "emergency", "in_progress", "permitted",
            "permitted", "approved", "annual_plan", "reserve", "reserve", "preliminary",
        ],
        "proposed",
    ).astype(object)  # fmt: skip


def _with_gaps(sites: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Take something away from a few rows, as real lists lack it."""
    draw = rng.random(len(sites))
    sites["drawn"] = np.where(draw < 0.015, "nothing", sites["drawn"])
    no_start = (draw > 0.02) & (draw < 0.03)
    sites.loc[no_start, ["start", "finish"]] = None
    sites["duration_days"] = sites["duration_days"].astype("Int64")
    sites.loc[no_start, "duration_days"] = pd.NA
    no_method = (draw > 0.04) & (draw < 0.06)
    given = [{"method": None} if missing else {} for missing in no_method]
    sites["given"] = pd.Series(given, index=sites.index, dtype=object)
    return sites


def towns_of(x: Floats, y: Floats) -> npt.NDArray[np.object_]:
    """Return the town of each place: the ground is cut into four columns and three rows."""
    col = np.clip(((x - x.min()) / max(float(np.ptp(x)), 1.0) * 4).astype(np.int64), 0, 3)
    row = np.clip(((y - y.min()) / max(float(np.ptp(y)), 1.0) * 3).astype(np.int64), 0, 2)
    town: npt.NDArray[np.object_] = np.array(TOWNS, dtype=object)[row * 4 + col]
    return town
