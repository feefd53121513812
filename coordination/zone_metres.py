"""How many metres of each work are opened, and how many of lanes it closes, in each zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.calendar import month_bounds
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
    """Return the metres of every work of a project in every zone that it lies in.

    Left out are works that ended before the month of the day of judgement: what ended earlier in
    that month was open in it. Past openings that no project of the store made do not count.

    Along the roads the metres are those of its spans inside the zone (each side of a road that is
    opened on both counts once, carriageways that are sections of their own each); off the roads, and
    without a network, the length of a strip with the footprint's area and perimeter inside. What is
    no wider than one of its sections is one strip, and never longer than that, on however many
    carriageways and ramps that lie close together it was assigned.
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
    (this_month, *_), _ = month_bounds(context.as_of_day, context.as_of_day + 1)
    kept = works["placed"] & works["dated"] & ~works["ledger"].astype(bool)
    kept &= ~works["finished"].astype(bool) | (works["finish_day"] > this_month)
    mine = np.flatnonzero(kept.to_numpy(dtype=bool))
    shapes = works.geometry.to_numpy()
    zone, row = nearby_pairs(zones.shapes, shapes[mine])
    work = mine[row]
    inside = shapely.intersection(zones.shapes[zone], shapes[work])
    real = shapely.area(inside) > context.policy.min_shared_m2
    zone, work, inside = zone[real], work[real], inside[real]
    parts = pd.DataFrame({"work": work, "zone": zone, "geometry": inside})
    ground = context.opened[work]
    opened = _strips(shapely.intersection(ground, zones.shapes[zone]))
    on_roads = _on_roads(context.opening_spans, context, parts, opened, zones)
    parts["opened_m"] = np.where(on_roads["metres"] > 0, on_roads["metres"], opened["length_m"])
    strips = _strips(inside)
    on_roads = _on_roads(context.spans, context, parts, strips, zones)
    impact = works["traffic_impact"].to_numpy(dtype=object)[work]
    closes = np.isin(impact.astype(str), ("lane", "half", "full"))
    lanes_m = np.where(on_roads["metres"] > 0, on_roads["lanes_m"], strips["length_m"])
    parts["lanes_m"] = np.where(closes, lanes_m, 0.0)
    return parts.sort_values(["work", "zone"], ignore_index=True)


def _strips(shapes: Shapes) -> pd.DataFrame:
    """Return ``length_m`` of the strips that each shape is made of, summed, and ``width_m``."""
    pieces, of = shapely.get_parts(shapes, return_index=True)
    area, length = (
        shapely.area(pieces),
        strip_length_m(shapely.area(pieces), shapely.length(pieces)),
    )
    flat = area > 0
    length_m = np.bincount(of[flat], weights=length[flat], minlength=len(shapes))
    width_m = shapely.area(shapes) / np.maximum(length_m, 1e-9)
    return pd.DataFrame({"length_m": length_m.astype(np.float64), "width_m": width_m})


def _on_roads(
    spans: pd.DataFrame, context: Context, parts: pd.DataFrame, strips: pd.DataFrame, zones: Zones
) -> pd.DataFrame:
    """Return ``metres`` and ``lanes_m`` of each part along the roads, NaN where it is on none."""
    along = _along(spans, context, zones)
    along = parts[["work", "zone"]].merge(along, on=["work", "zone"], how="left")
    one_strip = (strips["width_m"] <= along["width_m"]) & (along["metres"] > strips["length_m"])
    share = (strips["length_m"] / along["metres"]).where(one_strip, 1.0)
    return pd.DataFrame({name: along[name] * share for name in ("metres", "lanes_m")})


def _along(spans: pd.DataFrame, context: Context, zones: Zones) -> pd.DataFrame:
    """Return metres and lane metres of spans inside each zone, by work and zone.

    ``width_m`` is that of the widest of their sections.
    """
    columns = ["work", "zone", "metres", "lanes_m", "width_m"]
    if context.network is None or not len(spans):
        return pd.DataFrame(np.empty((0, 5)), columns=columns).astype(
            {"work": "int64", "zone": "int64"}
        )
    sections = context.network.sections
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
    table = pd.DataFrame(
        {"work": work, "zone": zone, "metres": metres, "lanes_m": metres * closed, "width_m": width}
    )
    return table.groupby(["work", "zone"], as_index=False).agg(
        {"metres": "sum", "lanes_m": "sum", "width_m": "max"}
    )
