"""What the small SVG pictures of the report are drawn with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from coordination.formats import SEVERITY_COLOURS, member_colour

Geometries = npt.NDArray[np.object_]

FONTS = "'Noto Sans CJK SC','PingFang SC','Microsoft YaHei',system-ui,sans-serif"
SEVERITY_LINES = {
    "high": (SEVERITY_COLOURS["high"], ""),
    "medium": (SEVERITY_COLOURS["medium"], "7 3"),
    "notice": (SEVERITY_COLOURS["notice"], "2 3"),
}
"""Colour and dashes of a shared place, as on the map, worst first."""


def svg(width: float, height: float, body: str) -> str:
    """Return a picture; what it shows also stands in words beside it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" font-family="{FONTS}" aria-hidden="true">{body}</svg>'
    )


def dashed(dashes: str) -> str:
    """Return the attribute for a dashed stroke, nothing for a solid one."""
    return f' stroke-dasharray="{dashes}"' if dashes else ""


def badge(x: float, y: float, number: int, radius: float = 8.5) -> str:
    """Return a member's number in a disc of its colour."""
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{member_colour(number)}" '
        f'stroke="#ffffff" stroke-width="1.5"/><text x="{x:.1f}" y="{y + 3.6:.1f}" font-size="10.5" '
        f'font-weight="700" text-anchor="middle" fill="#ffffff">{number}</text>'
    )


def path(geometry: shapely.Geometry) -> str:
    """Return the path of a line or area that is in picture units already, one decimal.

    Examples
    --------
    >>> path(shapely.box(0, 0, 2, 1))
    'M2 0L2 1L0 1L0 0Z'
    """
    parts = shapely.get_parts(shapely.get_parts(geometry))
    areas = parts[shapely.get_dimensions(parts) == 2]
    lines = parts[shapely.get_dimensions(parts) == 1]
    rings = shapely.get_rings(areas)
    drawn = [_moves(shapely.get_coordinates(ring)[:-1]) + "Z" for ring in rings]
    drawn += [_moves(shapely.get_coordinates(line)) for line in lines]
    return "".join(drawn)


def _moves(points: npt.NDArray[np.float64]) -> str:
    rounded = np.round(points, 1) + 0.0
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in rounded.tolist())
