"""Road surfaces that lock the ground below them, and the digs that meet their lock.

A lock runs from the day after the surface was made (``made_day``, its work's last day) to the same
day of the month in which the period ends; where that month has no such day, to its last one (the
reckoning of periods in the Civil Code, art. 201 and 202).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.city import City
from coordination.common_ground import Lying, Wanted, common_ground
from coordination.policy import Policy
from coordination.projects import UNKNOWN_DAY, day_numbers
from coordination.works import Days, add_months
from geo.intervals import meets
from geo.road_network import RoadNetwork

_ROAD = "road"
_PARTS = {
    "footway": "footway", "verge": "verge", "carriageway": "carriageway", "up": "carriageway",
    "down": "carriageway", "cycleway": "carriageway", "half": "carriageway",
}  # fmt: skip
"""Which part of the road a position is on; ``full`` and unknown ones may be on any."""
_PART_OF_SURFACE = {"footway": "footway", "asphalt": "carriageway", "concrete": "carriageway"}


LOCK_COLUMNS = ("locked_from_day", "locked_until_day", "sure_until_day")
"""The half-open lock of a surface, and until when it is locked whatever coarse dates stand for."""


def part_of_road(position: pd.Series[Any]) -> npt.NDArray[np.object_]:
    """Return the part of the road that positions name; missing where it may be any.

    Examples
    --------
    >>> part_of_road(pd.Series(["footway", "half", "full", None])).tolist()
    ['footway', 'carriageway', None, None]
    """
    parts = position.map(_PARTS).astype("object")
    return np.asarray(parts.where(parts.notna(), None), dtype=object)


@dataclass(frozen=True)
class Surfaces:
    """Surfaces that lock ground.

    Attributes
    ----------
    table
        RangeIndex, one row per surface: ``code`` (the project that made it, else the ledger id),
        ``work`` (row of the works, -1 for the ledger), ``entry`` (row of the ledger, -1 for works),
        ``site_id``, ``road, owner_unit, work_type`` (missing when unknown), ``surface`` and ``part``
        (missing when unknown), ``kind_known``, ``months``; ``made_day`` (its work's last day) and
        ``sure_made_day`` (the earliest that a coarse date may mean); ``locked_from_day``,
        ``locked_until_day`` (half-open), ``sure_until_day`` (until when it is locked at least);
        ``done`` as of the day of judgement.
    shapes
        Footprints, m, shape ``(n,)``; missing where the place is unknown.
    spans
        Where they lie along the roads: ``site`` (row of ``table``)``, section, from_m, to_m, side``.
    """

    table: pd.DataFrame
    shapes: npt.NDArray[np.object_]
    spans: pd.DataFrame


def surfaces(city: City, works: gpd.GeoDataFrame, policy: Policy, as_of_day: int) -> Surfaces:
    """Return the surfaces of a city; those of works have no spans yet (`with_spans`).

    From the ledger: resurfacings, and openings of a road work that made a new surface. From
    projects: road works of a kind that `NoDigPolicy.months` knows and that open ground or surface;
    where the ledger has a project's resurfacing (``source`` its code) it speaks for it. A footway
    work makes a footway.

    Parameters
    ----------
    city
        The ledger.
    works
        `coordination.works.works_table`.
    policy
        ``no_dig``.
    as_of_day
        Day of judgement: a surface is done when its last day lies before it, or its project is
        finished.
    """
    ledger = _of_ledger(city, policy)
    projects = _of_works(city, works, policy)
    table = pd.concat([projects, ledger], ignore_index=True)
    shapes = np.concatenate(
        [
            works.geometry.to_numpy()[projects["work"].to_numpy(dtype=np.int64)],
            _ledger_shapes(city)[ledger["entry"].to_numpy(dtype=np.int64)],
        ]
    )
    months = table["months"].to_numpy(dtype=np.int64)
    made, sure = (table[name].to_numpy(dtype=np.int64) for name in ("made_day", "sure_made_day"))
    table["locked_from_day"] = made + 1
    table["locked_until_day"] = _months_later(made, months) + 1
    table["sure_until_day"] = _months_later(sure, months) + 1
    finished = _finished_projects(works)
    table["done"] = (made < as_of_day) | table["code"].isin(finished).to_numpy()
    none = np.empty(0, dtype=np.int64)
    return Surfaces(table, shapes, pd.DataFrame({"site": none, "section": none}))


def _months_later(days: Days, months: Days) -> Days:
    later = days.copy()
    for number in np.unique(months):
        of_them = months == number
        later[of_them] = add_months(days[of_them], int(number))
    return later


def _finished_projects(works: gpd.GeoDataFrame) -> set[str]:
    projects = works[~works["ledger"].to_numpy(dtype=bool)]
    done = projects.groupby("code")["finished"].all()
    return set(done.index[done.to_numpy(dtype=bool)])


_COLUMNS = (
    "code", "work", "entry", "site_id", "road", "owner_unit", "work_type", "surface", "part",
    "kind_known", "months", "made_day", "sure_made_day",
)  # fmt: skip


def _of_works(city: City, works: gpd.GeoDataFrame, policy: Policy) -> pd.DataFrame:
    told = _told_by_ledger(city)
    makes = (
        works["sector"].eq(_ROAD)
        & works["work_type"].isin(policy.no_dig.months)
        & works["opens"]
        & works["dated"]
        & ~works["ledger"].astype(bool)
        & ~works["emergency"]
        & ~works["code"].isin(told)
    )
    rows = works[makes.to_numpy(dtype=bool)]
    position = rows["position"]
    table = pd.DataFrame(
        {name: rows[name].astype("object") for name in ("code", "site_id", "road", "owner_unit")}
    )
    table["work_type"] = rows["work_type"].astype("object")
    table["work"], table["entry"] = rows.index.to_numpy(dtype=np.int64), -1
    table["part"] = part_of_road(position)
    table["surface"] = position.map({"footway": "footway"}).astype("object")
    table["kind_known"] = True
    table["months"] = rows["work_type"].map(dict(policy.no_dig.months)).astype("int64")
    table["made_day"] = rows["finish_day"] - 1
    table["sure_made_day"] = rows["sure_finish_day"] - 1
    return table[list(_COLUMNS)].reset_index(drop=True)


def _told_by_ledger(city: City) -> set[Any]:
    """Return the projects whose surfaces the ledger tells, also where a correction took one away.

    That a project dug, or dug once before, says nothing of the surface that it makes.
    """
    if city.ledger is None:
        return set()
    ledger = pd.DataFrame(city.ledger).reset_index(drop=True)
    laid = _text(ledger, "kind").eq("resurfacing")
    laid |= _text(ledger, "ledger_id").astype("str").str.endswith("/resurfacing")
    return set(_text(ledger, "source")[laid].dropna())


def _of_ledger(city: City, policy: Policy) -> pd.DataFrame:
    ledger = pd.DataFrame() if city.ledger is None else pd.DataFrame(city.ledger)
    ledger = ledger.reset_index(drop=True)
    codes = set(city.projects["code"])
    told = {name: _text(ledger, name) for name in (
        "ledger_id", "kind", "source", "road", "owner_unit", "work_type", "surface", "sector",
    )}  # fmt: skip
    own = told["source"].isin(codes)
    known = told["work_type"].notna()
    locks = told["work_type"].isin(policy.no_dig.months)
    made = day_numbers(pd.to_datetime(_text(ledger, "day")))
    on_road = told["sector"].eq(_ROAD)
    resurfaced = told["kind"].eq("resurfacing") & (locks | ~known)
    resurfaced &= on_road | told["sector"].isna()
    # A project of the store writes a row of its own for the surface that it makes.
    renewed = told["kind"].ne("resurfacing") & on_road & locks & ~own
    keep = (resurfaced | renewed).to_numpy(dtype=bool) & (made != UNKNOWN_DAY)
    months = told["work_type"].map(dict(policy.no_dig.months)).fillna(policy.no_dig.unknown_months)
    table = pd.DataFrame(
        {
            "code": told["source"].where(own, told["ledger_id"]),
            "work": -1,
            "entry": np.arange(len(ledger)),
            "site_id": told["ledger_id"],
            "road": told["road"],
            "owner_unit": told["owner_unit"],
            "work_type": told["work_type"],
            "surface": told["surface"],
            "part": told["surface"].map(_PART_OF_SURFACE).astype("object"),
            "kind_known": known,
            "months": months.astype("int64"),
            "made_day": made,
            "sure_made_day": made,
        }
    )
    kept: pd.DataFrame = table.loc[keep, list(_COLUMNS)].reset_index(drop=True)
    return kept


def _text(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name in table:
        return table[name].astype("object")
    return pd.Series(None, index=table.index, dtype="object")


def _ledger_shapes(city: City) -> npt.NDArray[np.object_]:
    if city.ledger is None:
        return np.empty(0, dtype=object)
    return np.asarray(city.ledger.geometry.array, dtype=object)


def with_spans(found: Surfaces, of_works: pd.DataFrame, of_ledger: pd.DataFrame) -> Surfaces:
    """Return surfaces with where they lie along the roads.

    Parameters
    ----------
    found
        `surfaces`.
    of_works
        Spans of the works; ``site`` is the row of the works.
    of_ledger
        Spans of the ledger's surfaces; ``site`` is the row of ``found.table``.
    """
    table = found.table
    made = table.loc[table["work"] >= 0, "work"]
    own = of_works.merge(
        pd.DataFrame({"site": made.to_numpy(dtype=np.int64), "surface": made.index.to_numpy()}),
        on="site",
    )
    own = own.drop(columns="site").rename(columns={"surface": "site"})
    spans = pd.concat([own, of_ledger], ignore_index=True).sort_values("site", ignore_index=True)
    return Surfaces(table, found.shapes, spans)


def lying(found: Surfaces) -> Lying:
    """Return where the surfaces lie."""
    return Lying(found.shapes, found.spans, found.table["road"].to_numpy(dtype=object))


def digs_on_surfaces(  # noqa: PLR0917 - works and surfaces, each with where they lie
    works: gpd.GeoDataFrame,
    opened: npt.NDArray[np.object_],
    opening_spans: pd.DataFrame,
    found: Surfaces,
    network: RoadNetwork | None,
    policy: Policy,
    *,
    digs: npt.NDArray[np.bool_],
    locks: npt.NDArray[np.bool_],
    in_time: Wanted | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return digs and surfaces on the same ground, whenever they are.

    A dig and a surface that say they are on different parts of the road (footway, verge,
    carriageway) meet only where their ground really overlaps.

    Parameters
    ----------
    works
        `coordination.works.works_table`.
    opened
        Where each work opens the ground, polygons (m).
    opening_spans
        The same along the roads; ``site`` is the row of ``works``.
    found
        `surfaces` with their spans.
    network
        The road network, or None.
    policy
        What is shared ground.
    digs
        Which works to look at, shape ``(len(works),)``.
    locks
        Which surfaces to look at, shape ``(len(found.table),)``.
    in_time
        Tells which pairs (work, surface) are wanted; None takes them whenever they are.

    Returns
    -------
    pairs : pandas.DataFrame
        ``work, surface`` (row of ``found.table``)``, place, road, shared_m, area_m2, dug_m2`` (of the
        surface: shared length × dig's width, at most the common ground; off the roads all of it);
        one row per pair and road.
    spans : pandas.DataFrame
        ``pair, section, from_m, to_m, side``.
    """
    table = found.table
    code_of_work = works["code"].to_numpy(dtype=object)
    code_of_surface = table["code"].to_numpy(dtype=object)

    def wanted(work: Days, surface: Days) -> npt.NDArray[np.bool_]:
        asked = digs[work] & locks[surface] & (code_of_work[work] != code_of_surface[surface])
        asked = asked if in_time is None else asked & in_time(work, surface)
        both: npt.NDArray[np.bool_] = asked.astype(bool)
        return both

    ground = Lying(opened, opening_spans, works["road"].to_numpy(dtype=object))
    pairs, spans = common_ground(ground, lying(found), network, policy, wanted=wanted)
    pairs = pairs.rename(columns={"left": "work", "right": "surface"})
    work, surface = pairs["work"].to_numpy(), pairs["surface"].to_numpy()
    part = part_of_road(works["position"])[work]
    other = table["part"].to_numpy(dtype=object)[surface]
    beside = pd.notna(part) & pd.notna(other) & (part != other)
    kept = ~beside | (pairs["area_m2"].to_numpy() >= policy.min_shared_m2)
    number = np.cumsum(kept) - 1
    spans = spans[kept[spans["pair"].to_numpy(dtype=np.int64)]]
    spans = spans.assign(pair=number[spans["pair"].to_numpy(dtype=np.int64)])
    pairs = pairs[kept].reset_index(drop=True)
    pairs["dug_m2"] = _dug_m2(pairs, works)
    return pairs, spans.reset_index(drop=True)


def digs_under_lock(  # noqa: PLR0917 - works and surfaces, each with where they lie
    works: gpd.GeoDataFrame,
    opened: npt.NDArray[np.object_],
    opening_spans: pd.DataFrame,
    found: Surfaces,
    network: RoadNetwork | None,
    policy: Policy,
    *,
    digs: npt.NDArray[np.bool_],
    locks: npt.NDArray[np.bool_],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return digs of which any day falls into the lock of a surface on the same ground.

    Parameters
    ----------
    works, opened, opening_spans, found, network, policy, digs, locks
        As for `digs_on_surfaces`.

    Returns
    -------
    pairs : pandas.DataFrame
        As of `digs_on_surfaces`, and ``first_day, end_day`` (half-open: days of the window under
        lock), ``widened`` (only coarse dates make the match).
    spans : pandas.DataFrame
        ``pair, section, from_m, to_m, side``.
    """
    start, finish = works["start_day"].to_numpy(), works["finish_day"].to_numpy()
    table = found.table
    lock_from, lock_until = (
        table[name].to_numpy(dtype=np.int64) for name in ("locked_from_day", "locked_until_day")
    )

    def in_lock(work: Days, surface: Days) -> npt.NDArray[np.bool_]:
        return meets(start[work], finish[work], lock_from[surface], lock_until[surface])

    pairs, spans = digs_on_surfaces(
        works, opened, opening_spans, found, network, policy,
        digs=digs, locks=locks, in_time=in_lock,
    )  # fmt: skip
    work, surface = pairs["work"].to_numpy(), pairs["surface"].to_numpy()
    pairs["first_day"] = np.maximum(start[work], lock_from[surface])
    pairs["end_day"] = np.minimum(finish[work], lock_until[surface])
    # Whatever the coarse dates stand for: the last possible start lies before the lock's end, and
    # the first possible end behind its beginning.
    sure_until = table["sure_until_day"].to_numpy(dtype=np.int64)[surface]
    sure = works["sure_start_day"].to_numpy()[work] < sure_until
    sure &= works["sure_finish_day"].to_numpy()[work] > lock_from[surface]
    pairs["widened"] = ~sure
    return pairs, spans


def _dug_m2(pairs: pd.DataFrame, works: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    area = pairs["area_m2"].to_numpy(dtype=float)
    width = works["width_m"].to_numpy(dtype=float)[pairs["work"].to_numpy()]
    along = pairs["shared_m"] * width
    # The common ground is that of all roads of a pair: each road has its part of it.
    together = along.groupby([pairs["work"], pairs["surface"]]).transform("sum", min_count=1)
    dug: npt.NDArray[np.float64] = np.fmin(along, area * (along / together).fillna(1.0)).to_numpy()
    return dug
