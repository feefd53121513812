"""Which works lie where a restriction holds."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.restricted_shapes import folded, road_name, zones_of
from coordination.rules.protocol import Context
from geo.line_parts import ragged_ranges
from geo.linear_reference import span_geometry
from geo.nearby_pairs import nearby_pairs

Rows = npt.NDArray[np.int64]
Shapes = npt.NDArray[np.object_]

BESIDE_M = 8.0
"""Ground beside the carriageway that still belongs to a road, when a place is named by its road."""
PLACES_MISSING = "restriction_places"
_SEVERAL_ROADS = re.compile(r"[、,，;；/\n]+")


@dataclass(frozen=True)
class InPlace:
    """Works where restrictions hold.

    Attributes
    ----------
    table
        ``work``, ``row`` (of the restrictions), ``place`` (``road``, ``junction``, ``footprints``),
        ``road`` (name, of the junction where they lie on no section, or missing), ``geometry``
        (common ground, m; missing where it is the whole footprint).
    spans
        ``entry`` (row of ``table``), ``section, from_m, to_m, side``.
    missing
        What was lacking to find all places, codes of ``report.missing``.
    """

    table: pd.DataFrame
    spans: pd.DataFrame
    missing: tuple[str, ...]


@dataclass(frozen=True)
class _Ground:
    """The works that may be concerned, and what of the roads they lie on, ordered by work."""

    works: gpd.GeoDataFrame
    mine: Rows
    spans: pd.DataFrame
    crossed: pd.DataFrame
    areas: dict[int, pd.Series[Any]]


def in_place(context: Context, rows: gpd.GeoDataFrame, mine: Rows) -> InPlace:
    """Return which works lie where each restriction holds: all that a row names holds together.

    A work is on a named road when it is assigned to one of its sections, or, on no section at all,
    when its row names the road or it lies on one of the road's junctions. Names are compared whole:
    东西南北 make different roads. Ground that is shared is more than ``policy.min_shared_m2``:
    works that touch a border lie outside.

    Parameters
    ----------
    context
        What the rules see.
    rows
        `coordination.restrictions.restriction_table`.
    mine
        Rows of ``context.works`` that may be concerned: with a place.
    """
    missing: set[str] = set()
    areas = _areas(context, rows, mine, missing)
    ground = _Ground(context.works, mine, *_on_roads(context, mine), areas)
    known = set() if context.network is None else set(context.network.sections["road"])
    if context.network is None and rows["road_class"].notna().any():
        missing.add("network")
    tables, spans, count = [], [], 0
    for row in range(len(rows)):
        named = road_name(rows["road"].iloc[row], known, context.city, context.as_of_day)
        classes = str(rows["road_class"].iloc[row] or "").split()
        found, lies = _of_row(ground, row, named, classes, in_network=named in known)
        if named is not None and named not in known and not len(found):
            missing.add(PLACES_MISSING)
        tables.append(found)
        spans.append(lies.assign(entry=lies["entry"] + count))
        count += len(found)
    if not tables:
        return InPlace(_NO_ENTRIES, _NO_SPANS, tuple(sorted(missing)))
    return InPlace(
        pd.concat(tables, ignore_index=True),
        pd.concat(spans, ignore_index=True),
        tuple(sorted(missing)),
    )


_NO_ENTRIES = pd.DataFrame(
    {
        "work": np.empty(0, dtype=np.int64),
        "row": np.empty(0, dtype=np.int64),
        "place": np.empty(0, dtype=object),
        "road": np.empty(0, dtype=object),
        "geometry": np.empty(0, dtype=object),
    }
)
_NO_SPANS = pd.DataFrame(
    {
        "entry": np.empty(0, dtype=np.int64),
        "section": np.empty(0, dtype=np.int64),
        "from_m": np.empty(0),
        "to_m": np.empty(0),
        "side": np.empty(0, dtype=object),
    }
)


def _of_row(
    ground: _Ground, row: int, road: str | None, classes: list[str], *, in_network: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return entries of one restriction, and their spans."""
    common = ground.areas.get(row)
    inside = ground.mine if common is None else common.index.to_numpy(dtype=np.int64)
    spans = _of_works(ground.spans, inside)
    on_sections = spans["work"].to_numpy(dtype=np.int64)
    if common is not None:
        shared: Shapes = np.asarray(common.reindex(spans["work"]), dtype=object)
        reach_m: Any = spans["reach_m"].to_numpy(dtype=np.float64)
        spans = spans[shapely.dwithin(_shapes(spans["line"]), shared, reach_m)]
    if road is not None:
        spans = spans[spans["road"] == road]
    if classes:
        spans = spans[spans["road_class"].isin(classes)]
    entries = spans[["work", "road"]].drop_duplicates().assign(place="road")
    # What lies on no section: at a junction of the road, by the name it was filed with, anywhere.
    off = np.setdiff1d(inside, entries["work"].to_numpy() if not in_network else [])
    if road is not None or classes:
        off = np.setdiff1d(off, on_sections)
    else:
        off = np.setdiff1d(inside, entries["work"].to_numpy())
    crossed = _of_works(ground.crossed, inside)
    if road is not None:
        at = crossed[np.array([road in names for names in crossed["roads"]], dtype=bool)]
        at = at[~at["work"].isin(entries["work"])]
        by_name = off[[road in _roads(name) for name in ground.works["road"].to_numpy()[off]]]
        by_name = np.setdiff1d(by_name, at["work"])
        off_road: list[object] = [road] * len(by_name)
    else:
        at = crossed[crossed["work"].isin(off)]
        by_name = np.setdiff1d(off, at["work"])
        off_road = [None] * len(by_name)
    if classes:  # only sections have a class
        at, by_name, off_road = at.iloc[:0], by_name[:0], []
    at = at.drop_duplicates("work")
    table = pd.concat(
        [
            entries,
            at[["work", "name"]].rename(columns={"name": "road"}).assign(place="junction"),
            pd.DataFrame({"work": by_name, "road": off_road, "place": "footprints"}),
        ],
        ignore_index=True,
    ).astype({"work": "int64", "road": "object", "place": "object"})
    table["row"] = row
    table["geometry"] = None
    if common is not None:
        table["geometry"] = common.reindex(table["work"]).to_numpy(dtype=object)
    number = entries.reset_index(drop=True).reset_index(names="entry")[["entry", "work", "road"]]
    lies = spans.merge(number, on=["work", "road"])
    return table[list(_NO_ENTRIES.columns)], lies[list(_NO_SPANS.columns)]


def _of_works(table: pd.DataFrame, works: Rows) -> pd.DataFrame:
    """Return the rows of some works of a table ordered by work: a row that holds in one place must
    not cost a look at the whole city.
    """  # noqa: D205 the sentence is one
    work = table["work"].to_numpy(dtype=np.int64)
    wanted = np.unique(works)
    first, behind = np.searchsorted(work, wanted), np.searchsorted(work, wanted, side="right")
    return table.iloc[ragged_ranges(first, behind)[1]]


def _on_roads(context: Context, mine: Rows) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the spans of the works with road and class, and the junctions that they lie on."""
    network = context.network
    if network is None:
        columns = [*_NO_SPANS.columns[1:], "work", "road", "road_class", "line", "reach_m"]
        return pd.DataFrame(columns=columns), pd.DataFrame(columns=["work", "name", "roads"])
    spans = context.spans[context.spans["site"].isin(mine)]
    section = spans["section"].to_numpy(dtype=np.int64)
    spans = spans.assign(
        work=spans["site"],
        road=network.sections["road"].to_numpy(dtype=object)[section],
        road_class=network.sections["road_class"].to_numpy(dtype=object)[section],
        line=span_geometry(spans, network.sections),
        reach_m=network.sections["width_m"].to_numpy()[section] / 2 + BESIDE_M,
    )
    places = context.places
    on = places["site"].isin(mine) & (places["junction"] >= 0)
    on &= places["area_m2"] > context.policy.min_shared_m2
    places = places[on]
    names = network.junctions["name"].to_numpy(dtype=object)[places["junction"].to_numpy()]
    crossed = pd.DataFrame(
        {"work": places["site"].to_numpy(), "name": names, "roads": [n.split("/") for n in names]}
    )
    return spans, crossed


def _areas(
    context: Context, rows: gpd.GeoDataFrame, mine: Rows, missing: set[str]
) -> dict[int, pd.Series[Any]]:
    """Return, for rows that hold in an area, the common ground with each work in it."""
    zones, unknown = zones_of(rows, context.city)
    by_filed = {row: folded(name) for row, name in unknown.items()}
    if unknown:
        missing.add("boundaries" if context.city.boundaries is None else PLACES_MISSING)
    shapes = context.works.geometry.to_numpy()
    # An area that lies wholly outside of its town is nowhere, not everywhere.
    area_rows = np.flatnonzero(shapely.is_geometry(zones))
    zone, work = nearby_pairs(zones[area_rows], shapes[mine])
    common = shapely.intersection(zones[area_rows][zone], shapes[mine][work])
    real = shapely.area(common) > context.policy.min_shared_m2
    zone, work, common = zone[real], work[real], common[real]
    found = {
        int(row): pd.Series(common[zone == number], index=mine[work[zone == number]], dtype=object)
        for number, row in enumerate(area_rows)
    }
    towns = context.projects.drop_duplicates("code").set_index("code")["town"].astype("object")
    filed = context.works["code"].iloc[mine].map(towns)
    towns_filed = np.array([folded(str(name)) if pd.notna(name) else "" for name in filed])
    for at, name in by_filed.items():
        of_town = mine[towns_filed == name]
        inside = found.get(at, pd.Series(shapes[of_town], index=of_town, dtype=object))
        found[at] = inside[inside.index.isin(of_town)]
    return found


def _roads(filed: Any) -> set[str]:
    """Return the road names of a cell, which may name several."""
    if filed is None or pd.isna(filed):
        return set()
    text = unicodedata.normalize("NFKC", str(filed))
    return {part.strip() for part in _SEVERAL_ROADS.split(text)} - {""}


def _shapes(column: pd.Series[Any]) -> Shapes:
    shapes: Shapes = column.to_numpy(dtype=object)
    return shapes
