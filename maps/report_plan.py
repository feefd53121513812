"""The plan of a case for the report: roads, numbered footprints and the ground they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from coordination.city import City
from coordination.formats import member_colour
from maps.report_svg import SEVERITY_LINES, Geometries, badge, dashed, path, svg

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class _Frame:
    """Ground to picture: metres of the working CRS to picture units, north up."""

    west: float
    north: float
    per_metre: float
    width: float
    height: float

    @classmethod
    def around(cls, box: Box, width: float, height: float) -> _Frame:
        """Return the frame that shows ``box`` with a margin, never less than 60 m high."""
        west, south, east, north = box
        span_x = max((east - west) * 1.16, 90.0)
        span_y = max((north - south) * 1.16, 60.0)
        per_metre = min(width / span_x, height / span_y)
        middle_x, middle_y = (west + east) / 2, (south + north) / 2
        return cls(
            middle_x - width / 2 / per_metre,
            middle_y + height / 2 / per_metre,
            per_metre,
            width,
            height,
        )

    def seen(self, geometries: Geometries) -> Geometries:
        """Return what of the geometries lies in the picture (with a rim), in picture units."""
        rim = 12.0
        flat = shapely.force_2d(geometries)
        xy = (shapely.get_coordinates(flat) - (self.west, self.north)) * self.per_metre
        scaled = shapely.set_coordinates(flat, xy * (1.0, -1.0))
        clipped = shapely.clip_by_rect(scaled, -rim, -rim, self.width + rim, self.height + rim)
        return shapely.simplify(clipped, 0.3)


def case_plan_svg(
    *,
    footprints: Geometries,
    numbers: npt.NDArray[np.int64],
    shared: Geometries,
    severities: Sequence[str],
    city: City,
    roads: Sequence[str] = (),
    width: int = 520,
    most_height: int = 330,
) -> str:
    """Return the plan of a place: roads, numbered footprints, shared ground; north up, with scale.

    Parameters
    ----------
    footprints, numbers
        Polygons in the city's CRS (missing ones are left out) and the member each belongs to;
        shape ``(n,)``.
    shared, severities
        Shared places (missing ones are left out) and the severity of each; shape ``(m,)``.
    city
        Its network is the ground plan, when there is one.
    roads
        Names that are written first.
    width, most_height
        Of the picture; a street that runs east and west gets a lower one.

    Returns
    -------
    str
        SVG, or an empty text when no place is known.
    """
    has_shared = ~(shapely.is_missing(shared) | shapely.is_empty(shared))
    has_place = ~(shapely.is_missing(footprints) | shapely.is_empty(footprints))
    focus = shared[has_shared] if has_shared.any() else footprints[has_place]
    if not len(focus):
        return ""
    west, south, east, north = shapely.total_bounds(focus)
    slope = max(north - south, 40.0) / max(east - west, 60.0)
    height = float(np.clip(round(width * slope * 1.25), most_height / 2, most_height))
    frame = _Frame.around((west, south, east, north), width, height)
    ground, names = _ground(city, frame, roads)
    shapes, badges = _members(frame.seen(footprints[has_place]), numbers[has_place])
    places = "".join(
        f'<path d="{path(place)}" fill="{colour}" fill-opacity=".12" stroke="{colour}" '
        f'stroke-width="2"{dashed(dashes)}/>'
        for place, severity in sorted(
            zip(
                frame.seen(shared[has_shared]),
                np.asarray(severities, dtype=object)[has_shared],
                strict=True,
            ),
            key=lambda pair: list(SEVERITY_LINES).index(pair[1]),
            reverse=True,
        )
        for colour, dashes in (SEVERITY_LINES[severity],)
        if not shapely.is_empty(place)
    )
    return svg(
        width,
        height,
        f'<rect width="{width}" height="{height:g}" fill="#f7f8fa"/>'
        f"{ground}{shapes}{places}{names}{badges}{_scale_bar(frame)}{_north_arrow(width)}",
    )


def _ground(city: City, frame: _Frame, first: Sequence[str]) -> tuple[str, str]:
    network = city.network
    if network is None or network.sections.empty:
        return "", ""
    box = (
        frame.west,
        frame.north - frame.height / frame.per_metre,
        frame.west + frame.width / frame.per_metre,
        frame.north,
    )
    sections = network.sections.iloc[network.sections.sindex.query(shapely.box(*box))]
    squares = network.junctions.iloc[
        network.junctions.sindex.query(shapely.box(*box))
        if len(network.junctions)
        else np.array([], dtype=np.intp)
    ]
    lines = frame.seen(sections.geometry.to_numpy())
    widths = np.clip(sections["width_m"].fillna(10.0).to_numpy(float) * frame.per_metre, 2.0, 400.0)
    paths = [path(line) for line in lines]
    casing = "".join(
        f'<path d="{path}" stroke="#c3cad3" stroke-width="{width + 1.6:.1f}"/>'
        for path, width in zip(paths, widths, strict=True)
    )
    body = "".join(
        f'<path d="{path}" stroke="#ffffff" stroke-width="{width:.1f}"/>'
        for path, width in zip(paths, widths, strict=True)
    )
    mouths = "".join(
        f'<path d="{path(square)}" fill="#ffffff"/>'
        for square in frame.seen(squares.geometry.to_numpy())
    )
    named = (
        sections["named"].to_numpy(bool) if "named" in sections else np.ones(len(sections), bool)
    )
    names = _road_names(
        lines[named], sections["road"].to_numpy(object)[named], widths[named] / 2 + 5, frame, first
    )
    return (
        f'<g fill="none" stroke-linecap="butt">{casing}</g>{mouths}<g fill="none">{body}</g>',
        names,
    )


def _road_names(
    lines: Geometries,
    roads: npt.NDArray[np.object_],
    beside: npt.NDArray[np.float64],
    frame: _Frame,
    first: Sequence[str],
) -> str:
    """Return each road's name once, beside its longest line in sight, those of the case first."""
    lengths = shapely.length(lines)
    order = sorted(
        range(len(lines)), key=lambda row: (roads[row] not in first, -lengths[row], str(roads[row]))
    )
    written: set[str] = set()
    taken: list[tuple[float, float, float]] = []
    out = []
    for row in order:
        road = str(roads[row])
        reach = len(road) * 5.5
        if road in written or lengths[row] < reach * 1.4 or len(written) >= 9:
            continue
        parts = shapely.get_parts(lines[row])
        part = parts[int(np.argmax(shapely.length(parts)))]
        before, at, after = shapely.get_coordinates(
            shapely.line_interpolate_point(part, [0.35, 0.5, 0.65], normalized=True)
        )
        inside = reach <= at[0] <= frame.width - reach and 14 <= at[1] <= frame.height - 26
        free = all(np.hypot(at[0] - x, at[1] - y) > reach + other for x, y, other in taken)
        if not (inside and free):
            continue
        angle = np.degrees(np.arctan2(after[1] - before[1], after[0] - before[0]))
        angle -= 180 * round(angle / 180)
        written.add(road)
        taken.append((at[0], at[1], reach))
        weight = ' font-weight="700"' if road in first else ""
        out.append(
            f'<text transform="translate({at[0]:.1f} {at[1]:.1f}) rotate({angle:.0f})" '
            f'dy="{-beside[row]:.1f}"'
            f"{weight}>{escape(road)}</text>"
        )
    return (
        '<g font-size="11.5" text-anchor="middle" fill="#2f3a48" stroke="#ffffff" stroke-width="3" '
        f'paint-order="stroke" stroke-linejoin="round">{"".join(out)}</g>'
    )


def _members(shapes: Geometries, numbers: npt.NDArray[np.int64]) -> tuple[str, str]:
    """Return the footprints, and one numbered badge per member that is in sight."""
    out, badges = [], []
    taken: list[tuple[float, float]] = []
    badged: set[int] = set()
    for shape, member in zip(shapes, numbers, strict=True):
        if shapely.is_empty(shape):
            continue
        colour = member_colour(int(member))
        out.append(
            f'<path d="{path(shape)}" fill="{colour}" fill-opacity=".3" stroke="{colour}" '
            'stroke-width="1.2"/>'
        )
        if int(member) in badged:
            continue
        badged.add(int(member))
        x, y = _free_spot(shape, taken)
        taken.append((x, y))
        badges.append(badge(x, y, int(member)))
    return f'<g fill-rule="evenodd">{"".join(out)}</g>', "".join(badges)


def _free_spot(shape: shapely.Geometry, taken: list[tuple[float, float]]) -> tuple[float, float]:
    """Return a point on the footprint that keeps clear of other badges, as well as can be."""
    anchors = [shapely.get_coordinates(shapely.point_on_surface(shape))[0]]
    line: Any = shapely.boundary(shape)
    if not shapely.is_empty(line):
        shares = (np.arange(1, 12) * 0.618) % 1
        anchors.extend(
            shapely.get_coordinates(shapely.line_interpolate_point(line, shares, normalized=True))
        )
    clear = [min((np.hypot(x - a, y - b) for a, b in taken), default=np.inf) for x, y in anchors]
    for distance, (x, y) in zip(clear, anchors, strict=True):
        if distance > 19:
            return float(x), float(y)
    x, y = anchors[int(np.argmax(clear))]
    return float(x), float(y)


def _scale_bar(frame: _Frame) -> str:
    most_m = frame.width / 4 / frame.per_metre
    power = 10 ** np.floor(np.log10(most_m))
    length_m = float(max(step * power for step in (1, 2, 5) if step * power <= most_m))
    label = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    right = 12 + length_m * frame.per_metre
    y = frame.height - 12
    return (
        f'<path d="M12 {y - 5:g}V{y:g}H{right:.1f}V{y - 5:g}" fill="none" stroke="#ffffff" '
        f'stroke-width="4.5"/><path d="M12 {y - 5:g}V{y:g}H{right:.1f}V{y - 5:g}" fill="none" '
        f'stroke="#1d2733" stroke-width="1.6"/><text x="{(12 + right) / 2:.1f}" y="{y - 5:g}" '
        'font-size="10.5" text-anchor="middle" fill="#1d2733" stroke="#ffffff" stroke-width="3" '
        f'paint-order="stroke">{label}</text>'
    )


def _north_arrow(width: float) -> str:
    return (
        f'<g transform="translate({width - 20:g} 14)"><path d="M0 0L6 20L0 15L-6 20Z" fill="#1d2733" '
        'stroke="#ffffff" stroke-width="1.5" paint-order="stroke"/><text y="32" font-size="11" '
        'font-weight="700" text-anchor="middle" fill="#1d2733" stroke="#ffffff" stroke-width="3" '
        'paint-order="stroke">N</text></g>'
    )
