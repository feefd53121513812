"""Whether the places of a file lie where the store's roads say: frame and CRS, asked and confirmed."""

from __future__ import annotations

import numpy as np
import shapely
from pyproj import CRS

from coordination.faults import Fault, InputRefusedError
from data.coordinates import Coordinates
from data.judge_crs import readings_told
from geo.crs import Geometries, reproject
from geo.frame_evidence import Compared, compare_frames

FAR_M = 20_000.0
"""A row farther than this from every road of the store is in another city, or read wrongly."""
MOST_FAR = 0.9
"""A wrong CRS moves all rows: with so many of them far away the file is refused."""

FRAME_LEFT_OPEN = ("coordinates.frame_unchecked", "coordinates.frame_unconfirmed")
"""Notes that say that neither a person nor the roads confirmed the frame."""

_MAINLAND = ((73.5, 17.0, 119.0, 53.6), (119.0, 25.5, 135.1, 53.6))
"""Boxes [degrees] in which shifted degrees are met; Taiwan's maps are not shifted."""
_COMPASS = ("east", "northeast", "north", "northwest", "west", "southwest", "south", "southeast")


def judged_places(
    filed: Geometries, placed: Geometries, crs: CRS, said: Coordinates, source: str
) -> list[Fault]:
    """Return what the store's roads say of where the rows lie.

    Parameters
    ----------
    filed
        Geometry as filed, in ``crs``; shape (n,).
    placed
        The same rows where they are taken to lie, in the plane of the roads.
    crs
        CRS of ``filed``.
    said
        What is said of the coordinates, and the roads; a stated frame is obeyed, with a note where
        the roads speak for another.
    source
        The file's name.

    Raises
    ------
    InputRefusedError
        When nearly all rows lie far from every road, or clearly on the roads in another frame and
        nobody stated one.
    """
    if not shapely.is_geometry(placed).any():
        return []
    shifted = _in_mainland(filed, crs)
    if said.known is None:
        open_frame = said.without_roads and shifted and said.frame is None and crs.is_geographic
        return [Fault("coordinates.frame_unchecked", "note")] if open_frame else []
    notes = _far_rows(filed, placed, said, source, stated=said.crs_stated or said.frame is not None)
    if notes or not shifted or said.grid is not None:
        return notes
    seen = compare_frames(
        said.known.roads, filed, crs, said.known.crs, stated=said.frame or "wgs84"
    )
    return _frame_told(seen, said, source)


def _in_mainland(filed: Geometries, crs: CRS) -> bool:
    bounds = shapely.bounds(filed)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    middle = np.median((bounds[:, :2] + bounds[:, 2:]) / 2.0, axis=0)
    place = reproject(np.array([shapely.Point(middle)], dtype=object), crs, CRS(4326))
    at = shapely.get_coordinates(place)
    return len(at) > 0 and any(
        west <= at[0, 0] <= east and south <= at[0, 1] <= north
        for west, south, east, north in _MAINLAND
    )


def _far_rows(
    filed: Geometries, placed: Geometries, said: Coordinates, source: str, *, stated: bool
) -> list[Fault]:
    """Return a note about rows far from every road; refuse when these are nearly all."""
    if said.known is None:
        return []
    given = shapely.is_geometry(placed)
    away_m = said.known.roads.away_m(placed[given])
    far = away_m > FAR_M
    if 2 * far.sum() <= given.sum():
        return []
    params: dict[str, str | int | float] = {
        "share": f"{100 * far.mean():.0f}",
        "km": f"{float(np.median(away_m)) / 1000.0:.0f}",
    }
    if far.mean() < MOST_FAR or stated or said.grid is not None:
        return [Fault("coordinates.rows_far_from_roads", "note", params=params)]
    raise InputRefusedError(
        [Fault("coordinates.file_far_from_roads", params=params), *readings_told(filed, said)],
        source=source,
    )


def _frame_told(seen: Compared, said: Coordinates, source: str) -> list[Fault]:
    stated, best = seen.of(seen.stated), seen.best
    params: dict[str, str | int | float] = {
        "frame": best.name,
        "stated": stated.name,
        "share": f"{100 * best.fit.share_near:.0f}",
        "median_m": f"{best.fit.median_m:.0f}",
        "stated_share": f"{100 * stated.fit.share_near:.0f}",
        "stated_median_m": f"{stated.fit.median_m:.0f}",
        "surprise": f"{best.surprise:.0f}",
        "stated_surprise": f"{stated.surprise:.0f}",
    }
    where = Fault(
        f"coordinates.offset.{compass(seen.offset_m)}", "note",
        params={"metres": f"{float(np.hypot(*seen.offset_m)):.0f}"},
    )  # fmt: skip
    if seen.verdict == "other":
        if said.frame is None:
            looks = Fault("coordinates.frame_looks_like", params=params)
            raise InputRefusedError([looks, where], source=source)
        return [Fault("coordinates.frame_disagrees", "note", params=params), where]
    if seen.verdict == "open" and said.frame is None:
        return [Fault("coordinates.frame_unconfirmed", "note", params=params)]
    return []


def compass(offset_m: tuple[float, float]) -> str:
    """Return which of eight directions an offset east and north points to.

    Examples
    --------
    >>> compass((435.0, -187.0)), compass((-10.0, 0.0))
    ('southeast', 'west')
    """
    eighth = round(float(np.arctan2(offset_m[1], offset_m[0])) / (np.pi / 4.0))
    return _COMPASS[int(eighth) % 8]
