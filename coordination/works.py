"""The working table that rules look at: every site and every past opening as one *work* per row."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.city import City
from coordination.policy import Policy
from coordination.projects import UNKNOWN_DAY, day_numbers

Days = npt.NDArray[np.int64]

DONE_STAGES = ("completed", "withdrawn")
FIRM_STAGES = ("approved", "permitted", "in_progress", "completed", "emergency")
STARTED_STAGES = ("in_progress", "completed", "emergency")
UNDERGROUND = 5
"""Up to this layer of the works order a work lies below the road."""

FRAME_OPEN = "frame"
"""Name among what was inferred of a site whose coordinates nobody and no road confirmed."""

_IMPACT_BY_POSITION = {
    "full": "full", "half": "half", "carriageway": "lane", "up": "lane", "down": "lane",
    "cycleway": "lane", "footway": "footway", "verge": "none",
}  # fmt: skip
_LAYER_BY_UTILITY = {
    "sewer": 1, "storm": 1, "water": 2, "heat": 2, "gas": 3, "power": 4, "telecom": 5,
    "signal": 5, "lighting": 5, "other": 5,
}  # fmt: skip
_LAYER_BY_SECTOR = {
    "drainage": 1, "river": 1, "civil_defence": 1, "fire": 2, "pipeline": 5, "lighting": 5,
    "traffic": 5, "greening": 10, "road": 6,
}  # fmt: skip
SEWER_LAYER, WATER_LAYER = 1, 2
ROAD_BASE_LAYER, FOOTWAY_LAYER, SURFACE_LAYER, SIGNS_LAYER = 6, 7, 8, 9
_LEDGER_TEXT = ("road", "owner_unit", "sector", "work_type", "method")
_SITE_TEXT = ("site_id", "road", "position", "method", "traffic_impact")
_PROJECT_TEXT = (
    "owner_unit", "sector", "work_type", "utility", "level", "funding", "stage", "external_id",
    "depends_on",
)  # fmt: skip


def works_table(city: City, policy: Policy, as_of_day: int) -> gpd.GeoDataFrame:
    """Return one row per work: each site of a project that takes part, each past opening.

    Withdrawn projects take no part. A ledger row whose ``source`` is the code of a stored project
    is that project's own opening and bears its code; any other bears its ``ledger_id``. The rows
    that a completed project wrote itself (`own_entry_id`) are its sites, told once; where one was
    corrected (it has a ``note``), its days count instead of the site's.

    Parameters
    ----------
    city
        The tables.
    policy
        Buffers, durations.
    as_of_day
        Day of judgement, days since 1970-01-01.

    Returns
    -------
    geopandas.GeoDataFrame
        RangeIndex; sites first, then past openings.
        ``code`` (project or ledger id), ``site_id``, ``project`` (row of ``city.projects``, -1 for
        the ledger), ``site`` (row of ``city.sites`` or of the ledger), ``ledger``;
        the texts of project and site; ``cost_wan``, ``fixed``;
        ``start_day``, ``finish_day`` (half-open, actual dates first), ``sure_start_day``,
        ``sure_finish_day`` (the part of the window that coarse dates leave certain),
        ``duration_days`` (at most the window), ``first_start_day``, ``last_finish_day`` (between
        which the work may lie: a work that began has only its own start left), ``dated``;
        ``method`` (unknown counts as ``open_cut``), ``method_known``, ``opens`` (ground or
        surface), ``digs`` (ground), ``layer`` (works order 1–10), ``layer_low``, ``layer_high`` (all
        the layers that it may touch), ``traffic_impact`` (from the position when missing),
        ``buffer_m``;
        ``area_m2``, ``measured_length_m``, ``length_m``, ``width_m`` (of the dig: as filed, else
        measured), ``stated_length_m``, ``stated_width_m``, ``stated_area_m2``,
        ``footprint_source``, ``placed``, ``frame_open`` (missing in the ledger);
        ``emergency``, ``started``, ``finished`` (as of the day);
        ``geometry`` (footprint, m; missing where the place is unknown).
    """
    table = _site_rows(city)
    if city.ledger is not None and len(city.ledger):
        table = pd.concat([table, _ledger_rows(city)], ignore_index=True)
    # A plain table until it is complete: columns of a GeoDataFrame are set much more slowly.
    works = pd.DataFrame(table)
    shapes = works["geometry"].to_numpy(dtype=object)
    works["placed"] = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    _add_size(works)
    _add_window(works, policy)
    _add_method(works)
    _add_impact(works, policy)
    works["emergency"] = works["stage"].eq("emergency") | works["work_type"].eq("emergency")
    past = works["dated"] & (works["finish_day"] <= as_of_day)
    # On an earlier day a work that is completed by now was still going on.
    ended_later = ~works["ledger"] & works["dated"] & works["ended"] & ~past
    works["finished"] = works["ledger"] | past | (works["stage"].isin(DONE_STAGES) & ~ended_later)
    # A start that is known to the year only has not begun because the year has.
    begun = works["dated"] & (works["sure_start_day"] <= as_of_day)
    works["started"] = works["stage"].isin(STARTED_STAGES) | works["ledger"] | begun
    return gpd.GeoDataFrame(works, geometry="geometry", crs=city.crs)


def _site_rows(city: City) -> pd.DataFrame:
    sites = city.sites.reset_index(drop=True)
    projects = city.projects.reset_index(drop=True)
    if not len(sites):
        columns = ["project_code", *_SITE_TEXT, *_DATES, "duration_days", "length_m", "width_m"]
        sites = gpd.GeoDataFrame(
            pd.DataFrame(columns=columns), geometry=gpd.GeoSeries([], crs=city.crs), crs=city.crs
        )
    position = pd.Index(projects["code"]).get_indexer(pd.Index(sites["project_code"]))
    plain = pd.DataFrame(sites)
    named = _column(plain, "inferred").to_numpy(dtype=object)
    rows = pd.DataFrame(
        {
            "code": plain["project_code"].astype("object"), "project": position,
            "site": np.arange(len(sites)), "ledger": False,
            **{name: _column(plain, name).astype("object") for name in _SITE_TEXT},
            **{name: day_numbers(pd.to_datetime(_column(plain, name))) for name in _DATES},
            **{
                name: _column(plain, name).astype("object")
                for name in ("start_precision", "finish_precision", "footprint_source")
            },
            **{
                name: _number(_column(plain, name))
                for name in ("duration_days", "length_m", "width_m")
            },
            **{
                f"stated_{name}": _number(_column(plain, name))
                for name in ("length_m", "width_m", "area_m2")
            },
            "frame_open": [
                isinstance(names, str) and FRAME_OPEN in names.split() for names in named
            ],
            "geometry": pd.Series(sites.geometry.to_numpy(dtype=object), dtype="object"),
        }
    )  # fmt: skip
    _correct_days(rows, city)
    taken = projects.iloc[position].reset_index(drop=True)
    of_project = {name: taken[name].astype("object") for name in _PROJECT_TEXT} | {
        "cost_wan": _number(taken["cost_wan"]),
        "fixed": taken["fixed"].astype("object").eq(True).to_numpy(),
    }
    rows = rows.assign(**of_project)
    active = (position >= 0) & rows["stage"].ne("withdrawn")
    taking_part: pd.DataFrame = rows.loc[active].reset_index(drop=True)
    return taking_part


_DATES = ("start", "finish", "actual_start", "actual_finish")


def own_entry_id(code: pd.Series[str], site_id: pd.Series[str], kind: str) -> pd.Series[str]:
    """Return the ledger ids under which a completed project writes its sites.

    Examples
    --------
    >>> own_entry_id(pd.Series(["A"]), pd.Series(["1"]), "opening").tolist()
    ['A/1/opening']
    """
    site = site_id.astype("object").where(site_id.notna(), "")
    return (code.astype("object") + "/" + site + "/" + kind).astype("object")


def _correct_days(rows: pd.DataFrame, city: City) -> None:
    """Let corrected rows of the ledger tell when the sites of completed projects were at work."""
    if city.ledger is None:
        return
    notes = _column(city.ledger, "note")
    ledger = pd.DataFrame(city.ledger).reset_index(drop=True)[notes.notna().to_numpy()]
    if not len(ledger):
        return
    ledger = ledger.drop_duplicates("ledger_id").set_index("ledger_id")
    for kind in ("resurfacing", "opening"):
        key = own_entry_id(rows["code"], rows["site_id"], kind)
        told = key.isin(ledger.index).to_numpy(dtype=bool)
        for name, column in (("actual_start", "start"), ("actual_finish", "day")):
            days = day_numbers(pd.to_datetime(ledger[column].reindex(key[told])))
            rows.loc[told, name] = np.where(days == UNKNOWN_DAY, rows.loc[told, name], days)


def _ledger_rows(city: City) -> pd.DataFrame:
    assert city.ledger is not None
    ledger = city.ledger.reset_index(drop=True)
    opening = _column(ledger, "kind").ne("resurfacing").to_numpy()
    source = _column(ledger, "source").astype("object")
    own = source.isin(set(city.projects["code"])).to_numpy()
    identity = _column(ledger, "ledger_id").astype("str").astype("object")
    rows = pd.DataFrame({"code": np.where(own, source, identity), "project": -1})
    rows["site"] = np.arange(len(ledger))
    rows["ledger"] = True
    rows["site_id"] = identity
    for name in _LEDGER_TEXT:
        rows[name] = _column(ledger, name).astype("object")
    rows["stage"] = "completed"
    day = day_numbers(pd.to_datetime(_column(ledger, "day")))
    start = day_numbers(pd.to_datetime(_column(ledger, "start")))
    finish = day_numbers(pd.to_datetime(_column(ledger, "finish")))
    finish = np.where(finish == UNKNOWN_DAY, day, finish)
    start = np.where(start == UNKNOWN_DAY, finish, start)
    rows["start"], rows["finish"] = np.minimum(start, finish), finish
    rows["actual_start"], rows["actual_finish"] = rows["start"], finish
    rows["geometry"] = ledger.geometry.to_numpy()
    rows["fixed"] = True
    of_sites = own_entry_id(city.sites["project_code"], city.sites["site_id"], "opening")
    again = identity.isin(set(of_sites)).to_numpy(dtype=bool) & own
    return rows[opening & ~again].reset_index(drop=True)


def _column(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name in table:
        return table[name].reset_index(drop=True)
    return pd.Series(None, index=range(len(table)), dtype="object")


def _number(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)


def strip_length_m(area_m2: npt.ArrayLike, perimeter_m: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the length of the rectangle with this area and perimeter, m.

    What is rounder than a square comes out as the side of a square of its area.

    Examples
    --------
    >>> strip_length_m([500.0, 100.0], [210.0, 40.0]).tolist()
    [100.0, 10.0]
    """
    area = np.asarray(area_m2, dtype=float)
    perimeter = np.asarray(perimeter_m, dtype=float)
    long_side = (perimeter + np.sqrt(np.maximum(perimeter**2 - 16 * area, 0.0))) / 4
    length: npt.NDArray[np.float64] = np.where(perimeter**2 >= 16 * area, long_side, np.sqrt(area))
    return length


def _add_size(works: pd.DataFrame) -> None:
    shapes = works["geometry"].to_numpy(dtype=object)
    area = shapely.area(shapes)
    measured = strip_length_m(area, shapely.length(shapes))
    works["area_m2"] = area
    works["measured_length_m"] = measured
    length = works["length_m"].to_numpy(dtype=float)
    works["length_m"] = np.where(length > 0, length, measured)
    filed = works["width_m"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        width = np.where(measured > 0, area / measured, np.nan)
    works["width_m"] = np.where(filed > 0, filed, width)


def _add_window(works: pd.DataFrame, policy: Policy) -> None:
    """Set the window: what happened counts before what was filed."""
    filed_start, filed_finish = works["start"].to_numpy(), works["finish"].to_numpy()
    actual_start, actual_finish = (
        works["actual_start"].to_numpy(),
        works["actual_finish"].to_numpy(),
    )
    began, ended = actual_start != UNKNOWN_DAY, actual_finish != UNKNOWN_DAY
    start = np.where(began, actual_start, filed_start)
    finish = np.where(ended, actual_finish, filed_finish)
    known = (start != UNKNOWN_DAY) & (finish != UNKNOWN_DAY)
    # A start that slipped behind the filed finish, or an end before the filed start.
    finish = np.where(known & ~ended, np.maximum(start, finish), finish)
    start = np.where(known & ~began, np.minimum(start, finish), start)
    known &= start <= finish
    works["dated"] = known
    works["start_day"] = np.where(known, start, 0)
    works["finish_day"] = np.where(known, finish, 0) + 1
    works["sure_start_day"] = np.where(
        began, works["start_day"], _period_end(works["start_day"], works["start_precision"])
    )
    works["sure_finish_day"] = np.where(
        ended, works["finish_day"], _period_start(works["finish_day"], works["finish_precision"])
    )
    window = (works["finish_day"] - works["start_day"]).to_numpy()
    to_the_day = _is_day(works["start_precision"]) & _is_day(works["finish_precision"])
    firm = (works["stage"].isin(FIRM_STAGES) | works["fixed"]).to_numpy() & to_the_day
    typical = works["work_type"].map(dict(policy.duration_days)).astype("float64")
    per_100_m = typical.fillna(policy.duration_days["default"]).to_numpy()
    length = np.nan_to_num(works["length_m"].to_numpy(dtype=float))
    estimate = np.maximum(3, np.ceil(per_100_m * length / 100.0))
    filed = works["duration_days"].to_numpy(dtype=float)
    duration = np.where(filed > 0, filed, np.where(firm, window, estimate))
    # Between two actual dates the work took all of the window.
    duration = np.where(began & ended, window, duration)
    works["duration_days"] = np.clip(duration, 1, window).astype(np.int64)
    # What began has one start left, what ended one end: the window leaves them no other choice.
    first, last, days = works["start_day"], works["finish_day"], works["duration_days"]
    works["last_finish_day"] = np.where(began & ~ended, first + days, last)
    works["first_start_day"] = np.where(ended & ~began, last - days, first)
    works["ended"] = ended


def _is_day(precision: pd.Series[str]) -> npt.NDArray[np.bool_]:
    return (precision.isna() | precision.eq("day")).to_numpy()


_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}


def _first_of_period(day: Days, months: int) -> npt.NDArray[np.datetime64]:
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return ((month // months) * months).astype("datetime64[M]")


def _period_end(start_day: pd.Series[int], precision: pd.Series[str]) -> Days:
    """Return the last day on which a start of this precision may fall."""
    days: Days = np.asarray(start_day, dtype=np.int64)
    latest = days.copy()
    for code, months in _MONTHS.items():
        end = (_first_of_period(days, months) + months).astype("datetime64[D]").astype(np.int64) - 1
        latest = np.where(precision.eq(code), end, latest)
    return latest


def _period_start(finish_day: pd.Series[int], precision: pd.Series[str]) -> Days:
    """Return the earliest half-open finish that a finish of this precision may mean."""
    days: Days = np.asarray(finish_day, dtype=np.int64)
    earliest = days.copy()
    for code, months in _MONTHS.items():
        begin = _first_of_period(days - 1, months).astype("datetime64[D]").astype(np.int64) + 1
        earliest = np.where(precision.eq(code), begin, earliest)
    return earliest


def _add_method(works: pd.DataFrame) -> None:
    works["method_known"] = works["method"].notna()
    works["method"] = works["method"].where(works["method"].notna(), "open_cut")
    works["opens"] = works["method"].ne("none")
    works["digs"] = works["method"].isin(("open_cut", "trenchless"))
    layer = works["utility"].map(_LAYER_BY_UTILITY)
    by_sector = works["sector"].map(_LAYER_BY_SECTOR)
    road = works["sector"].eq("road")
    by_sector = by_sector.mask(road & works["position"].eq("footway"), FOOTWAY_LAYER)
    by_sector = by_sector.mask(
        road & works["method"].eq("surface") & ~works["position"].eq("footway"), SURFACE_LAYER
    )
    layer = layer.where(~road & layer.notna(), by_sector)
    layer = layer.mask(works["method"].eq("none"), SIGNS_LAYER)
    works["layer"] = layer.astype("float64").fillna(UNDERGROUND).astype(np.int64)
    _add_layer_range(works)


def _add_layer_range(works: pd.DataFrame) -> None:
    """Set the layers that a work may touch; one whose kind is not known may touch several.

    Building a road goes from its base to its signs; opening it for a repair, from the base to the
    asphalt. A pipe of unknown kind is any that the sector lays.
    """
    named = works["utility"].map(_LAYER_BY_UTILITY).notna() & works["utility"].ne("other")
    vague = ~named & works["method"].ne("none")
    road = works["sector"].eq("road")
    low, high = works["layer"].copy(), works["layer"].copy()
    for sector, first in (("pipeline", WATER_LAYER), (None, SEWER_LAYER)):
        of_it = works["sector"].isna() if sector is None else works["sector"].eq(sector)
        low = low.mask(vague & of_it, first)
    base = road & works["layer"].eq(ROAD_BASE_LAYER)
    builds = base & works["work_type"].isin(
        ("new", "rebuild", "widen", "major_repair", "renovation")
    )
    high = high.mask(base, SURFACE_LAYER).mask(builds, SIGNS_LAYER)
    works["layer_low"], works["layer_high"] = low.astype(np.int64), high.astype(np.int64)


def _add_impact(works: pd.DataFrame, policy: Policy) -> None:
    derived = works["position"].map(_IMPACT_BY_POSITION)
    impact = works["traffic_impact"].where(works["traffic_impact"].notna(), derived)
    works["traffic_impact"] = impact.astype("object")
    wide = impact.isin(("lane", "half", "full"))
    works["buffer_m"] = np.where(wide, policy.buffer_impact_m, policy.buffer_m)


def pits(footprints: npt.NDArray[np.object_], pit_m: float) -> npt.NDArray[np.object_]:
    """Return the two ends of each footprint, where a trenchless work opens the ground.

    Parameters
    ----------
    footprints
        Polygons, m; shape ``(n,)``; missing stays missing.
    pit_m
        Length of a pit along the footprint.

    Returns
    -------
    numpy.ndarray of shapely.Geometry
        Shape ``(n,)``; the whole footprint where it is shorter than two pits.

    Examples
    --------
    >>> ends = pits(np.array([shapely.box(0, 0, 100, 2)]), 10.0)
    >>> ends[0].area, ends[0].bounds
    (40.0, (0.0, 0.0, 100.0, 2.0))
    """
    ends = np.asarray(footprints, dtype=object).copy()
    boxes = shapely.oriented_envelope(ends)
    here = np.flatnonzero(shapely.get_type_id(boxes) == 3)
    corners = shapely.get_coordinates(boxes[here]).reshape(-1, 5, 2)
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 1]
    longer = np.hypot(*first.T) >= np.hypot(*second.T)
    axis = np.where(longer[:, None], first, second)
    length = np.hypot(*axis.T)
    long_enough = length > 2 * pit_m
    here, corners, axis, length = (
        here[long_enough], corners[long_enough], axis[long_enough], length[long_enough],
    )  # fmt: skip
    # The axis starts at one short side; the middle between the pits is cut out.
    middle = corners[:, :4].mean(axis=1)
    half = axis * ((length - 2 * pit_m) / 2 / length)[:, None]
    spine = shapely.linestrings(np.stack([middle - half, middle + half], axis=1))
    reach = np.hypot(*(corners[:, 2] - corners[:, 0]).T)
    closed = shapely.buffer(spine, reach, cap_style="flat")
    ends[here] = shapely.difference(ends[here], closed)
    return ends


def add_months(days: Days, months: int) -> Days:
    """Return the day ``months`` calendar months later; the last day of a month stays inside it.

    Examples
    --------
    >>> day = np.array(["2023-01-31"], dtype="datetime64[D]").astype(np.int64)
    >>> add_months(day, 1).astype("datetime64[D]").tolist()
    [datetime.date(2023, 2, 28)]
    """
    dates = np.asarray(days, dtype=np.int64).astype("datetime64[D]")
    month = dates.astype("datetime64[M]")
    within = (dates - month.astype("datetime64[D]")).astype(np.int64)
    target = month + months
    last = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(
        np.int64
    ) - 1
    moved = target.astype("datetime64[D]") + np.minimum(within, last)
    shifted: Days = moved.astype(np.int64)
    return shifted
