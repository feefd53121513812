"""Areas that roads close on all sides."""

from __future__ import annotations

import numpy as np
import shapely

from coordination.extents.ends import spot_key
from coordination.extents.headings import share_towards
from coordination.extents.outcomes import Found, Option, Outcome, canonical, unknown, why
from coordination.extents.parsed import Compass, Extent
from coordination.extents.streets import Roads, Streets
from coordination.extents.stretches import meant_roads
from geo.line_parts import Geometries, as_geometries

_LEAST_SIDE_M = 20.0
_NEAR_M = 1.0
_LEAST_TOWARDS = 0.3


def find_area(streets: Streets, extent: Extent, day: int | None) -> Outcome:
    """Return the ground that the named roads enclose.

    The centre lines of the roads are closed at their junctions; the area is the one face that
    every named road bounds, neighbours in the text meeting at its corners. Its edge are the
    centre lines; where the text excludes the roads, half of each road's width is taken off.

    Parameters
    ----------
    streets
        The index.
    extent
        Of kind ``area``; its `ends` are the boundaries.
    day
        For former names.
    """
    if len(extent.ends) < 2:
        return unknown("area_few_roads", count=len(extent.ends))
    as_roads = Extent(extent.text, "area", tuple(end.name for end in extent.ends))
    meant = meant_roads(streets, as_roads, day)
    if isinstance(meant, Outcome):
        # A mended boundary is a mended end of the area, not a road of its own.
        return Outcome(reason=meant.reason, options=_mended(streets, extent, meant, day))
    each, assumed = meant
    names = "、".join(own[0] for own in each)
    shapes = as_geometries([shapely.union_all(streets.closed_lines(own)) for own in each])
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all(shapes)]))
    bounded = [face for face in faces if _bounded_by_all(face, shapes)]
    if not bounded:
        apart = [
            f"{one[0]}/{two[0]}"
            for one, two in zip(each, (*each[1:], each[0]), strict=True)
            if not streets.nodes(one) & streets.nodes(two)
        ]
        if apart:
            return Outcome(reason=why("area_open", roads=names, apart="、".join(apart)))
        return Outcome(reason=why("area_not_closed", roads=names))
    towards = tuple(end.towards for end in extent.ends)
    fitting = [face for face in bounded if _lies_there(face, shapes, towards)]
    bounded = fitting or bounded
    founds = [_inner(streets, each, face, excluded=extent.bounds_excluded) for face in bounded]
    ordered = all(towards) or _in_order(bounded[0], shapes)
    if len(founds) == 1 and fitting and ordered:
        return Outcome(founds[0], assumed=(*assumed, ("area", {"roads": names})))
    options = tuple(
        Option(
            spot_key(canonical(extent), found.geometry.centroid), "extents.candidate.area",
            {"roads": names, "area_m2": round(found.geometry.area)}, found, one_name=True,
        )
        for found in founds
    )  # fmt: skip
    code = "area_order" if len(founds) == 1 else "area_often"
    if not fitting:
        code = "area_sides"
    return Outcome(options=options, reason=why(code, roads=names, count=len(founds)))


def _mended(
    streets: Streets, extent: Extent, meant: Outcome, day: int | None
) -> tuple[Option, ...]:
    """Return the options for a boundary road, as areas with that road instead."""
    options = []
    for option in meant.options:
        if option.instead is None:
            continue
        ends = tuple(
            end if end.name == name else type(end)("road", name, text=name)
            for end, name in zip(extent.ends, option.instead.roads, strict=True)
        )
        instead = type(extent)(**{**extent.__dict__, "ends": ends})
        found = find_area(streets, instead, day).found
        options.append(Option(canonical(instead), option.wording, option.params, found, instead))
    return tuple(options)


def _bounded_by_all(face: shapely.Polygon, roads: Geometries) -> bool:
    ring = face.exterior.buffer(_NEAR_M)
    shared = shapely.length(shapely.intersection(roads, ring))
    return bool((shared >= _LEAST_SIDE_M).all())


def _lies_there(
    face: shapely.Polygon, roads: Geometries, towards: tuple[Compass | None, ...]
) -> bool:
    """Return whether a face lies from each of its roads where the text says (甲路以南)."""
    ring, middle = face.exterior.buffer(_NEAR_M), face.centroid
    for road, compass in zip(roads.tolist(), towards, strict=True):
        if compass is not None:
            side = shapely.intersection(road, ring).centroid
            if share_towards(middle.x - side.x, middle.y - side.y, compass) < _LEAST_TOWARDS:
                return False
    return True


def _in_order(face: shapely.Polygon, roads: Geometries) -> bool:
    """Return whether the roads follow each other round the face as they do in the text."""
    ring = face.exterior
    at = np.arange(0.0, ring.length, 5.0)
    points = shapely.line_interpolate_point(ring, at)
    nearest = np.argmin([shapely.distance(road, points) for road in roads.tolist()], axis=0)
    change = nearest[np.append(True, np.diff(nearest) != 0)]
    met = {
        frozenset((int(a), int(b)))
        for a, b in zip(change, np.roll(change, -1), strict=True)
        if a != b
    }
    count = len(roads)
    return all(frozenset((at, (at + 1) % count)) in met for at in range(count))


def _inner(
    streets: Streets, each: tuple[Roads, ...], face: shapely.Polygon, *, excluded: bool
) -> Found:
    if not excluded:
        shape = shapely.MultiPolygon([face])
        return Found(shape, shape)
    ground = [
        shapely.union_all(
            shapely.buffer(streets.closed_lines(own), streets.width_m[streets.sections(own)] / 2)
        )
        for own in each
    ]
    rest = shapely.difference(face, shapely.union_all(ground))
    parts = [part for part in shapely.get_parts(rest) if shapely.get_type_id(part) == 3]
    shape = shapely.MultiPolygon(parts)
    return Found(shape, shape)
