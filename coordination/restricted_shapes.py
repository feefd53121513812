"""Where each restricted period holds, and when, for those who look at a map or a list."""

from __future__ import annotations

import unicodedata
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.city import City
from coordination.projects import UNKNOWN_DAY, day_numbers
from coordination.restrictions import restriction_table
from coordination.rule_policy import RestrictedPolicy
from coordination.rules.protocol import Worded

Shapes = npt.NDArray[np.object_]


def restricted_shapes(city: City, policy: RestrictedPolicy, as_of_day: int) -> gpd.GeoDataFrame:
    """Return every restricted period, imported or of the policy, with the place where it holds.

    Parameters
    ----------
    city
        Restrictions, towns, roads and their other names.
    policy
        Its table of periods.
    as_of_day
        Day of judgement, days since 1970-01-01: on it other names of roads are looked up.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per period in the order of `coordination.restrictions.restriction_table`: ``name``
        (what people call it, else its kind or id), ``days`` and ``scope`` (`Worded`),
        ``legal_basis`` (may be missing), ``place``: ``area`` (drawn, a town, or what both have in
        common), ``roads`` (centre lines, m, of the road or classes that it names, inside its area),
        ``city`` (everywhere) or ``unknown`` (town or road are not in the city's tables, or what is
        named has nothing in common); ``geometry`` missing for the last two.
    """
    rows = restriction_table(city.restrictions, policy, city.crs)
    zones, unknown = zones_of(rows, city)
    shapes, places = (
        zones.copy(),
        np.where(shapely.is_missing(zones), "city", "area").astype(object),
    )
    sections = None if city.network is None else city.network.sections
    known = set() if sections is None else set(sections["road"])
    for row, (road, classes) in enumerate(zip(rows["road"], rows["road_class"], strict=True)):
        if road is None and classes is None:
            continue
        places[row] = "roads"
        shapes[row] = None
        if sections is None:
            continue
        wanted = np.ones(len(sections), dtype=bool)
        name = road_name(road, known, city, as_of_day)
        if name is not None:
            wanted &= sections["road"].eq(name).to_numpy()
        if classes is not None:
            wanted &= sections["road_class"].isin(str(classes).split()).to_numpy()
        lines = shapely.union_all(sections.geometry.to_numpy()[wanted])
        shapes[row] = lines if zones[row] is None else shapely.intersection(lines, zones[row])
    of_unknown = np.isin(np.arange(len(rows)), list(unknown)) & shapely.is_missing(zones)
    nowhere = shapely.is_missing(shapes) | shapely.is_empty(shapes) | of_unknown
    places[of_unknown | (nowhere & (places != "city"))] = "unknown"
    shapes[nowhere] = None
    return gpd.GeoDataFrame(
        {
            "name": rows["name"].fillna(rows["kind"]).fillna(rows["restriction_id"]),
            "days": pd.Series(_days(rows), dtype="object"),
            "scope": pd.Series(scopes(rows), dtype="object"),
            "legal_basis": rows["legal_basis"],
            "place": places,
        },
        geometry=shapes,
        crs=city.crs,
    )


def zones_of(rows: gpd.GeoDataFrame, city: City) -> tuple[Shapes, dict[int, str]]:
    """Return the area in which each restriction holds, and the towns whose border is not known.

    Parameters
    ----------
    rows
        `coordination.restrictions.restriction_table`.
    city
        Its boundaries.

    Returns
    -------
    zones : numpy.ndarray of shapely.Geometry
        Drawn, of the town, or common to both (which may be empty: nowhere), m, shape ``(n,)``;
        missing where none is named or known.
    unknown : dict
        Name of the town by row.
    """
    zones: Shapes = np.asarray(rows.geometry.to_numpy(), dtype=object).copy()
    zones[shapely.is_empty(zones)] = None
    unknown: dict[int, str] = {}
    for row in np.flatnonzero(rows["town"].notna().to_numpy()).tolist():
        name = str(rows["town"].iloc[row])
        town = _town(city.boundaries, name)
        if town is None:
            unknown[row] = name
        else:
            zones[row] = town if zones[row] is None else shapely.intersection(zones[row], town)
    return zones, unknown


def scopes(rows: gpd.GeoDataFrame) -> list[Worded]:
    """Return where each restriction holds, in words.

    Parameters
    ----------
    rows
        `coordination.restrictions.restriction_table`, or some of its rows.
    """
    drawn = rows.geometry.notna().to_numpy()
    found = []
    for road, town, classes, area in zip(
        rows["road"], rows["town"], rows["road_class"], drawn, strict=True
    ):
        parts = [Worded(str(name), str(name)) for name in (town, road) if pd.notna(name)]
        parts += [Worded.of(f"labels.road_class.{code}") for code in str(classes or "").split()]
        if area:
            parts.append(Worded.of("restrictions.place.area"))
        parts = parts or [Worded.of("restrictions.place.city")]
        found.append(Worded("、".join(one.zh for one in parts), ", ".join(one.en for one in parts)))
    return found


def road_name(name: Any, known: set[str], city: City, as_of_day: int) -> str | None:
    """Return the network's name of a road: as written, or as its alias of the day says.

    Parameters
    ----------
    name
        As a restriction names it; may be missing.
    known
        Names of the network's roads.
    city
        Its aliases.
    as_of_day
        Days since 1970-01-01.
    """
    if name is None or pd.isna(name):
        return None
    written = unicodedata.normalize("NFKC", str(name)).strip()
    aliases = city.aliases
    if written in known or aliases is None or not len(aliases):
        return written
    day = np.datetime64(as_of_day, "D")
    valid = aliases["alias"].eq(written)
    valid &= ~(aliases["valid_from"] > day) & ~(aliases["valid_to"] < day)
    return str(aliases.loc[valid, "name"].iloc[0]) if valid.any() else written


def folded(text: str) -> str:
    """Return a name as names are compared.

    Examples
    --------
    >>> folded(" ＡＮting ")
    'anting'
    """
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _town(boundaries: gpd.GeoDataFrame | None, name: str) -> shapely.Geometry | None:
    """Return the area of a town by name or code, or None where it is not known."""
    if boundaries is None or not len(boundaries):
        return None
    wanted = folded(name)
    same = np.zeros(len(boundaries), dtype=bool)
    for column in ("name", "name_en", "code", "boundary_id"):
        if column in boundaries:
            same |= np.array(
                [pd.notna(one) and folded(str(one)) == wanted for one in boundaries[column]]
            )
    return shapely.union_all(boundaries.geometry.to_numpy()[same]) if same.any() else None


def _days(rows: pd.DataFrame) -> list[Worded]:
    """Return when each restriction holds, in words; a yearly one without its years."""
    start, finish = day_numbers(rows["start"]), day_numbers(rows["finish"])
    undated = np.where(rows["recurs"].eq("announced"), "not_announced", "always")
    kinds = np.where(
        start == UNKNOWN_DAY, undated, np.where(rows["recurs"].eq("yearly"), "yearly", "once")
    )
    known = [
        np.where(days == UNKNOWN_DAY, 0, days).astype("datetime64[D]") for days in (start, finish)
    ]
    found = []
    for kind, first, last in zip(kinds, *(days.astype(str) for days in known), strict=True):
        cut = 5 if kind == "yearly" else 0
        found.append(Worded.of(f"restrictions.days.{kind}", first=first[cut:], last=last[cut:]))
    return found
