"""How many metres of each work are opened, and how many of lanes it closes, in each zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.rules.protocol import Context
from coordination.works import strip_length_m
from geo.linear_reference import span_geometry
from geo.nearby_pairs import nearby_pairs

Shapes = npt.NDArray[np.object_]
TOWN_LEVELS = frozenset({"town", "街镇", "镇", "街道", "乡镇", "乡"})
DEFAULT = "default"


@dataclass(frozen=True)
class Zones:
    """The zones that have caps.

    Attributes
    ----------
    ids
        ``boundary_id`` of each, shape ``(n,)``.
    zh, en
        What people call it.
    names
        All names and codes of each that a policy may use, ``default`` behind them for towns.
    shapes
        Areas, m.
    """

    ids: tuple[str, ...]
    zh: tuple[str, ...]
    en: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    shapes: Shapes


def zones_of(boundaries: gpd.GeoDataFrame, keys: Iterable[str]) -> Zones:
    """Return the boundaries that keys of a policy name, by name or code; ``default`` names towns.

    Where no boundary states a level, all of them are towns.

    Parameters
    ----------
    boundaries
        As imported.
    keys
        ``zone``, ``zone@10`` or ``zone@2026-10``.
    """
    named = {key.split("@", 1)[0] for key in keys}
    columns = [
        boundaries[name].astype("object")
        if name in boundaries
        else pd.Series(None, boundaries.index)
        for name in ("name", "name_en", "code", "boundary_id", "level")
    ]
    rows = list(zip(*columns, boundaries.geometry, strict=True))
    no_levels = all(pd.isna(row[4]) for row in rows)
    kept = []
    for name, english, code, boundary, level, shape in rows:
        town = no_levels or str(level).casefold() in TOWN_LEVELS
        names = tuple(str(one) for one in (name, english, code, boundary) if pd.notna(one))
        names += (DEFAULT,) if town else ()
        if named & set(names) and shapely.is_geometry(shape):
            zh = str(name) if pd.notna(name) else str(boundary)
            kept.append(
                (str(boundary), zh, str(english) if pd.notna(english) else zh, names, shape)
            )
    kept.sort(key=lambda one: one[0])
    areas = np.empty(len(kept), dtype=object)
    areas[:] = [one[4] for one in kept]
    return Zones(
        tuple(one[0] for one in kept),
        tuple(one[1] for one in kept),
        tuple(one[2] for one in kept),
        tuple(one[3] for one in kept),
        areas,
    )


def zone_metres(context: Context, zones: Zones) -> pd.DataFrame:
    """Return the metres of every unfinished work in every zone that it lies in.

    Along the roads the metres are those of its spans inside the zone (each side of a road that is
    opened on both counts once, carriageways that are sections of their own each); off the roads, and
    without a network, the length of a strip with the footprint's area and perimeter inside.
    Closed lanes are metres × lanes: one for ``lane``, half of the road's (at least one) for
    ``half``, all for ``full``; a road has one lane per ``policy.volume.lane_width_m``.

    Parameters
    ----------
    context
        What the rules see.
    zones
        Areas.

    Returns
    -------
    pandas.DataFrame
        ``work, zone, opened_m, lanes_m, geometry`` (footprint inside the zone), sorted.
    """
    works = context.works
    kept = works["placed"] & works["dated"] & ~works["ledger"].astype(bool)
    kept &= ~works["finished"].astype(bool)
    mine = np.flatnonzero(kept.to_numpy(dtype=bool))
    shapes = works.geometry.to_numpy()
    zone, row = nearby_pairs(zones.shapes, shapes[mine])
    work = mine[row]
    inside = shapely.intersection(zones.shapes[zone], shapes[work])
    real = shapely.area(inside) > context.policy.min_shared_m2
    zone, work, inside = zone[real], work[real], inside[real]
    parts = pd.DataFrame({"work": work, "zone": zone, "geometry": inside})
    opened = _opened_off_roads(context, parts, zones)
    along = _along(context.opening_spans, context, zones)
    parts = parts.merge(along[["work", "zone", "metres"]], on=["work", "zone"], how="left")
    parts["opened_m"] = parts.pop("metres").where(lambda metres: metres > 0, opened)
    closed = _along(context.spans, context, zones)
    parts = parts.merge(
        closed[["work", "zone", "metres", "lanes_m"]], on=["work", "zone"], how="left"
    )
    strip = strip_length_m(shapely.area(inside), shapely.length(inside))
    impact = works["traffic_impact"].to_numpy(dtype=object)[work]
    closes = np.isin(impact.astype(str), ("lane", "half", "full"))
    on_road = (parts.pop("metres") > 0).to_numpy()
    parts["lanes_m"] = np.where(closes, np.where(on_road, parts["lanes_m"], strip), 0.0)
    return parts.sort_values(["work", "zone"], ignore_index=True)


def _opened_off_roads(
    context: Context, parts: pd.DataFrame, zones: Zones
) -> npt.NDArray[np.float64]:
    """Return the strip length of what each part opens, summed over its separate pieces."""
    ground = context.opened[parts["work"].to_numpy()]
    opened = shapely.intersection(ground, zones.shapes[parts["zone"].to_numpy()])
    pieces, part = shapely.get_parts(opened, return_index=True)
    length = strip_length_m(shapely.area(pieces), shapely.length(pieces))
    flat = shapely.area(pieces) > 0
    total = np.bincount(part[flat], weights=length[flat], minlength=len(parts))
    return total.astype(np.float64)


def _along(spans: pd.DataFrame, context: Context, zones: Zones) -> pd.DataFrame:
    """Return metres and lane metres of spans inside each zone, by work and zone."""
    columns = ["work", "zone", "metres", "lanes_m"]
    if context.network is None or not len(spans):
        return pd.DataFrame(np.empty((0, 4)), columns=columns).astype(
            {"work": "int64", "zone": "int64"}
        )
    sections = context.network.sections
    unfinished = ~context.works["finished"].to_numpy(dtype=bool)
    spans = spans[unfinished[spans["site"].to_numpy(dtype=np.int64)]]
    # One metre of a section counts once, whatever its sides.
    spans = spans.drop_duplicates(["site", "section", "from_m", "to_m"])
    lines = span_geometry(spans, sections)
    zone, span = nearby_pairs(zones.shapes, lines)
    metres = shapely.length(shapely.intersection(zones.shapes[zone], lines[span]))
    work = spans["site"].to_numpy(dtype=np.int64)[span]
    width = sections["width_m"].to_numpy()[spans["section"].to_numpy(dtype=np.int64)[span]]
    lanes = np.maximum(np.round(width / context.policy.volume.lane_width_m), 1.0)
    impact = context.works["traffic_impact"].to_numpy(dtype=object)[work]
    closed = np.select(
        [impact == "full", impact == "half", impact == "lane"],
        [lanes, np.maximum(np.round(lanes / 2), 1.0), np.ones(len(lanes))],
        0.0,
    )
    table = pd.DataFrame({"work": work, "zone": zone, "metres": metres, "lanes_m": metres * closed})
    return table.groupby(["work", "zone"], as_index=False)[["metres", "lanes_m"]].sum()
