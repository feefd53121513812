"""Which of several readings of coordinates the roads speak for: WGS 84, GCJ-02 or BD-09."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from pyproj import CRS

from geo.crs import Geometries
from geo.frames import FRAMES, Frame, unshifted
from geo.road_fit import Chance, Fit, Floats, Outlines, Roads, in_box, outline_points

Verdict = Literal["fits", "other", "open"]

CLEAR = 5.0
"""A reading is clear when it lies so many standard deviations above chance …"""
ABOVE_CHANCE = 1.25
"""… and so many times above the best of some 60 displaced copies …"""
UNRIVALLED = 0.5
"""… and every other reading at most so many times its own deviations."""
PLAIN_SHARE = 0.7
"""A reading that puts so many of its points near a road, and the others at most half as many, is
confirmed however few the rows are; it is too little to speak against another reading."""

_REACH_M = 2000.0


@dataclass(frozen=True)
class Reading:
    """One way to read the places, and how it lies on the roads.

    Attributes
    ----------
    name
        A frame, or whatever the caller called it.
    fit
        Distances to the centre lines.
    surprise
        Standard deviations above chance, of the better of the two scores.
    clear
        Above every displaced copy by `ABOVE_CHANCE` and above chance by `CLEAR`.
    """

    name: str
    fit: Fit
    surprise: float
    clear: bool


@dataclass(frozen=True)
class Compared:
    """What the roads say of several readings.

    Attributes
    ----------
    readings
        All of them, the best first.
    stated
        Name of the one that holds until something speaks against it.
    verdict
        ``fits``: the stated one is confirmed. ``other``: the first one is clear and the stated one
        is not. ``open``: the roads decide nothing (few rows, points, coarse areas, no road near).
    offset_m
        East and north [m] of where the stated reading puts the places, seen from where the first
        one does; zero where they are the same.
    """

    readings: tuple[Reading, ...]
    stated: str
    verdict: Verdict
    offset_m: tuple[float, float] = (0.0, 0.0)

    @property
    def best(self) -> Reading:
        """The reading that lies best on the roads."""
        return self.readings[0]

    def of(self, name: str) -> Reading:
        """Return the reading of this name."""
        return next(reading for reading in self.readings if reading.name == name)


def compare_readings(roads: Roads, readings: Mapping[str, Geometries], *, stated: str) -> Compared:
    """Lay the same places on the roads in several readings and judge.

    Parameters
    ----------
    roads
        Centre lines in the metric plane.
    readings
        The same rows in the same plane, by the name of the reading.
    stated
        The reading that holds as long as nothing clear speaks against it.

    Notes
    -----
    Chance is what the same outlines score when they are displaced by 350 to 1700 m all around, so
    that the density of the roads, their directions and the shapes of the rows are in it. A verdict
    ``other`` needs the best reading clear in one score, unrivalled by the stated one.
    """
    west, south, east, north = roads.extent
    box = (west - _REACH_M, south - _REACH_M, east + _REACH_M, north + _REACH_M)
    outlines = {name: outline_points(shapes, within=box) for name, shapes in readings.items()}
    centres = {name: _centres(shapes) for name, shapes in readings.items()}
    # Chance is sought around the reading that lies on the roads' ground with the most points.
    inside = {name: int(in_box(seen.xy, roads.extent).sum()) for name, seen in outlines.items()}
    base = max(readings, key=lambda name: (inside[name], name == stated))
    around = tuple(_offset(at, centres[base], box) for at in centres.values())
    chance = roads.chance(outlines[base], around=around)
    judged = sorted(
        (_reading(name, roads, seen, chance) for name, seen in outlines.items()),
        key=lambda reading: (-reading.surprise, reading.name != stated),
    )
    best, own = judged[0], next(reading for reading in judged if reading.name == stated)
    offset_m = _offset(centres[stated], centres[best.name], box)
    return Compared(tuple(judged), stated, _verdict(best, own, judged), offset_m)


def compare_frames(
    roads: Roads, geometries: Geometries, source: CRS, plane: CRS, *, stated: Frame = "wgs84"
) -> Compared:
    """Judge whether places are in WGS 84, GCJ-02 or BD-09 by the roads.

    Parameters
    ----------
    roads
        Centre lines in ``plane``.
    geometries
        Shape (n,), as filed in ``source``, degrees or metres; missing ones are passed over.
    source, plane
        CRS of the places and of the roads.
    stated
        What the places are taken for.

    Examples
    --------
    >>> from geo.frames import from_wgs84
    >>> degrees = CRS(4326)
    >>> street = shapely.LineString([(620000 + 10 * i, 3475000 + (i % 30) ** 2) for i in range(300)])
    >>> true = unshifted([street], CRS(4549), "wgs84", degrees)
    >>> file = shapely.transform(true, lambda lonlat: from_wgs84(lonlat, "gcj02"))
    >>> said = compare_frames(Roads([street]), file, degrees, CRS(4549))
    >>> said.verdict, said.best.name, [round(metres) for metres in said.offset_m]
    ('other', 'gcj02', [427, -210])
    """
    readings: dict[str, Geometries] = {
        frame: np.asarray(unshifted(geometries, source, frame, plane), dtype=object)
        for frame in FRAMES
    }
    return compare_readings(roads, readings, stated=stated)


def _centres(shapes: Geometries) -> Floats:
    bounds = shapely.bounds(shapes)
    return np.asarray((bounds[:, :2] + bounds[:, 2:]) / 2.0)


def _offset(
    here: Floats, there: Floats, box: tuple[float, float, float, float]
) -> tuple[float, float]:
    """Return the median way from ``there`` to ``here`` [m], of the rows near the roads if any are."""
    given = np.isfinite(here).all(axis=1) & np.isfinite(there).all(axis=1)
    near = given & in_box(there, box)
    used = near if near.any() else given
    if not used.any():
        return 0.0, 0.0
    east, north = np.median((here - there)[used], axis=0).tolist()
    return east, north


def _reading(name: str, roads: Roads, outlines: Outlines, chance: Chance) -> Reading:
    fit = roads.fit(outlines)
    surprise = chance.surprise(fit)
    clear = (surprise >= CLEAR) & chance.beats(fit, ABOVE_CHANCE)
    return Reading(name, fit, float(surprise.max()), bool(clear.any()))


def _verdict(best: Reading, own: Reading, judged: list[Reading]) -> Verdict:
    others = [reading for reading in judged if reading is not own]
    if best is own and own.clear:
        rivalled = any(other.surprise > UNRIVALLED * own.surprise for other in others)
        return "open" if rivalled else "fits"
    if best is not own and best.clear and own.surprise <= UNRIVALLED * best.surprise:
        return "other"
    least = own.fit.share_near / 2.0
    if own.fit.share_near >= PLAIN_SHARE and all(o.fit.share_near <= least for o in others):
        return "fits"
    return "open"
