"""Draws what a rule finds above its near miss: the plan of the road, and beside it the windows in time.

Everything comes from the cities of `rule_situations` and from what `coordination.detect` says of
them. The picture has its own ground, so that it reads on light and dark pages; fonts are the
system's; nothing is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import shapely
from rule_situations import Planted, Situation, planted

from coordination.detection import look
from coordination.formats import member_colour
from maps.report_svg import FONTS, SEVERITY_LINES, badge, dashed, path

WIDTH, PLAN, ROW, HEAD = 920.0, 400.0, 190.0, 46.0
LEFT, LABEL = 440.0, 132.0
INK, SOFT, LINE, PAPER, GROUND = "#1d2733", "#4b5766", "#c3cad3", "#ffffff", "#eef1f5"
ASSET, PERIOD, LOCK = "#7b3294", "#b35806", "#8c510a"
Day = np.datetime64


@dataclass(frozen=True)
class Bar:
    """One row of the time axis; ``last`` is inclusive, ``number`` that of the project in the plan."""

    zh: str
    en: str
    first: Day
    last: Day
    number: int = 0
    colour: str = SOFT
    hatched: bool = False


@dataclass(frozen=True)
class Frame:
    """Metres to picture, north up; and days to picture."""

    box: tuple[float, float, float, float]
    first: Day
    last: Day
    height: float

    @property
    def per_metre(self) -> float:
        west, south, east, north = self.box
        return min(PLAN / (east - west), self.height / (north - south))

    def seen(self, shapes: Any) -> Any:
        west, south, east, north = self.box
        middle = np.array([(west + east) / 2, (south + north) / 2])
        half = np.array([PLAN / 2, self.height / 2])
        moved = shapely.transform(
            np.asarray(shapes, dtype=object),
            lambda xy: (xy - middle) * self.per_metre * (1, -1) + half,
        )
        return shapely.clip_by_rect(moved, -8, -8, PLAN + 8, self.height + 8)

    def x(self, day: Day) -> float:
        """Return where the morning of a day is."""
        whole = (self.last - self.first).astype(int)
        at = (np.datetime64(day, "D") - self.first).astype(int) / whole
        return float(
            np.clip(LEFT + LABEL + at * (WIDTH - 16 - LEFT - LABEL), LEFT + LABEL, WIDTH - 8)
        )


def drawing(code: str) -> str:
    """Return the picture of one rule as SVG."""
    made, *found = planted(code)
    both = (made.found, made.miss)
    bars = [_bars(code, one) for one in both]
    frame = _frame(made, [bar for rows in bars for bar in rows])
    body, y = [], 8.0
    for kind, one, rows, told in zip(("found", "miss"), both, bars, found, strict=True):
        body.append(_row(kind, one, rows, told.table, frame, y))
        y += HEAD + frame.height + 12
    title = f"{made.found.zh}；{made.miss.zh} · {made.found.en}; {made.miss.en}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {y:g}" width="{WIDTH:g}" '
        f'height="{y:g}" role="img" font-family="{FONTS}" font-size="12" fill="{INK}">'
        f"<title>{escape(title)}</title>"
        '<defs><pattern id="h" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect width="6" height="6" fill="#fff" fill-opacity=".35"/>'
        '<path d="M0 0V6" stroke="#000" stroke-opacity=".3" stroke-width="2"/></pattern></defs>'
        f'<rect width="{WIDTH:g}" height="{y:g}" rx="8" fill="{PAPER}" stroke="{LINE}"/>'
        f"{''.join(body)}</svg>\n"
    )


def _frame(made: Planted, bars: list[Bar]) -> Frame:
    sites = pd.concat([made.found.city.sites, made.miss.city.sites])
    west, south, east, north = sites.total_bounds
    shapes = [made.found.city.assets, made.miss.city.assets, made.found.city.boundaries]
    known = [one.geometry for one in shapes if one is not None]
    if known:
        near = shapely.box(west - 25, south - 75, east + 25, north + 75)
        others = shapely.intersection(pd.concat(known).to_numpy(), near)
        w, s, e, n = shapely.total_bounds(others)
        west, south, east, north = min(west, w), min(south, s), max(east, e), max(north, n)
    if north - south > 80 and not known:  # works on several roads: all of the roads
        network = made.found.city.network
        assert network is not None
        west, south, east, north = network.sections.total_bounds
    box = (west - 14, min(south, -8) - 10, east + 14, max(north, 8) + 10)
    height = float(np.clip((box[3] - box[1]) * PLAN / (box[2] - box[0]), 118, ROW))
    free = [bar for bar in bars if bar.colour != LOCK]
    first, last = min(bar.first for bar in free), max(bar.last for bar in free)
    pad = max(int((last - first).astype(int) * 0.05), 3)
    return Frame(box, first - pad, last + pad + 1, height)


def _bars(code: str, one: Situation) -> list[Bar]:
    city, rows = one.city, []
    names = city.projects.set_index("code")
    for number, site in enumerate(city.sites.itertuples(), start=1):
        name = names.loc[site.project_code]
        rows.append(
            Bar(name["name"], name["name_en"], _day(site.start), _day(site.finish), number,
                member_colour(number))
        )  # fmt: skip
        if pd.notna(name["permit_finish"]):
            rows.append(
                Bar("许可期限", "permit", _day(name["permit_start"]), _day(name["permit_finish"]),
                    colour=PERIOD, hatched=True)
            )  # fmt: skip
        if pd.notna(site.actual_finish):
            first, last = _day(site.actual_start), _day(site.actual_finish)
            rows.append(Bar("实际施工", "as built", first, last, number, member_colour(number)))
    if city.ledger is not None:
        rows += [
            Bar("路面大修（履历）", "major repair", _day(row.start), _day(row.finish), colour=SOFT)
            for row in city.ledger.itertuples()
        ]
    if code.startswith("no_dig"):
        made = look(city, one.policy, np.datetime64(one.as_of)).surfaces.table
        rows += [
            Bar("禁掘期", "no digging", _day(int(row.locked_from_day)),
                _day(int(row.locked_until_day)) - 1, colour=LOCK, hatched=True)
            for row in made.itertuples()
        ]  # fmt: skip
    if city.restrictions is not None:
        rows += [
            Bar(f"保障期“{row.name_}”", "restricted period", _day(row.start), _day(row.finish),
                colour=PERIOD, hatched=True)
            for row in city.restrictions.rename(columns={"name": "name_"}).itertuples()
        ]  # fmt: skip
    return rows


def _day(value: Any) -> Day:
    return np.datetime64(value, "D")


def _row(
    kind: str, one: Situation, bars: list[Bar], own: pd.DataFrame, frame: Frame, y: float
) -> str:
    found = kind == "found"
    colour = SEVERITY_LINES[own["severity"].iloc[0]][0] if found else SOFT
    words = "报 found" if found else "不报 not found"
    width = 74 if found else 108
    head = (
        f'<g transform="translate(16 {y:g})"><rect y="4" width="{width}" height="20" rx="10" fill="{colour}"/>'
        f'<text x="{width / 2:g}" y="18.5" text-anchor="middle" font-weight="700" fill="#fff">{words}</text>'
        f'<text x="{width + 10}" y="13" font-weight="700">{escape(one.zh)}</text>'
        f'<text x="{width + 10}" y="30" fill="{SOFT}">{escape(one.en)}</text></g>'
    )
    plan = _plan(one, own, frame, colour)
    axis = _axis(one, bars, own, frame, y + HEAD, colour)
    clip = f"{kind}-plan"
    return (
        f'{head}<clipPath id="{clip}"><rect width="{PLAN:g}" height="{frame.height:g}" rx="4"/></clipPath>'
        f'<g transform="translate(16 {y + HEAD:g})" clip-path="url(#{clip})">{plan}</g>{axis}'
    )


def _plan(one: Situation, own: pd.DataFrame, frame: Frame, colour: str) -> str:
    network = one.city.network
    assert network is not None
    out = [f'<rect width="{PLAN:g}" height="{frame.height:g}" fill="{GROUND}"/>']
    if one.city.boundaries is not None:
        (zone,) = frame.seen(one.city.boundaries.geometry.to_numpy())
        out.append(
            f'<path d="{path(zone)}" fill="none" stroke="{SOFT}" stroke-width="1.5" stroke-dasharray="7 4"/>'
        )
    width = 12.0 * frame.per_metre
    surfaces = [*frame.seen(network.sections.geometry.to_numpy())]
    squares = frame.seen(network.junctions.geometry.to_numpy())
    out += [f'<path d="{path(line)}" fill="none" stroke="{LINE}" stroke-width="{width + 2:.1f}"/>'
            for line in surfaces]  # fmt: skip
    out += [f'<path d="{path(line)}" fill="none" stroke="#fff" stroke-width="{width:.1f}"/>'
            for line in surfaces]  # fmt: skip
    out += [f'<path d="{path(square)}" fill="#fff"/>' for square in squares]
    for table, look_of in ((one.city.ledger, LOCK), (one.city.restrictions, PERIOD)):
        if table is not None:
            for shape in frame.seen(table.geometry.to_numpy()):
                out.append(
                    f'<path d="{path(shape)}" fill="{look_of}" fill-opacity=".16" stroke="{look_of}"/>'
                    f'<path d="{path(shape)}" fill="url(#h)"/>'
                )
    badges = []
    for number, shape in enumerate(frame.seen(one.city.sites.geometry.to_numpy()), start=1):
        tone = member_colour(number)
        out.append(
            f'<path d="{path(shape)}" fill="{tone}" fill-opacity=".35" stroke="{tone}" stroke-width="1.5"/>'
        )
        x0, y0, x1, y1 = shapely.bounds(shape)
        # On its own end, so that two that overlap keep their numbers apart.
        badges.append(badge(x0 + 10 if number == 1 else x1 - 10, (y0 + y1) / 2, number))
    for place, severity in zip(own.geometry, own["severity"], strict=True):
        (shape,) = frame.seen([place])
        dashes = SEVERITY_LINES[severity][1]
        out.append(
            f'<path d="{path(shape)}" fill="none" stroke="{colour}" stroke-width="3"{dashed(dashes)}/>'
        )
    if one.city.assets is not None:
        for row in one.city.assets.itertuples():
            (line,) = frame.seen([row.geometry])
            x0, y0, _, _ = shapely.bounds(line)
            out.append(
                f'<path d="{path(line)}" fill="none" stroke="{ASSET}" stroke-width="3" stroke-dasharray="1 5" '
                f'stroke-linecap="round"/>{_halo(x0 + 14, y0 - 7, row.name, ASSET)}'
            )
    if one.city.boundaries is not None:
        x0, y0, _, _ = shapely.bounds(zone)
        out.append(_halo(x0 + 8, y0 + 18, "安亭镇 Anting", SOFT))
    names = []
    for road, line in zip(network.sections["road"], surfaces, strict=True):
        if shapely.is_empty(line) or road in names or shapely.length(line) < 60:
            continue
        names.append(road)
        x, y = shapely.get_coordinates(shapely.line_interpolate_point(line, 0.88, normalized=True))[
            0
        ]
        x = float(np.clip(x, 30, PLAN - 34))
        out.append(_halo(x - 12, float(np.clip(y + 4, 16, frame.height - 20)), road, INK))
    return "".join([*out, *badges, _scale(frame)])


def _halo(x: float, y: float, words: str, colour: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" stroke="#fff" stroke-width="3" '
        f'paint-order="stroke" stroke-linejoin="round">{escape(str(words))}</text>'
    )


def _scale(frame: Frame) -> str:
    metres = 20 if frame.per_metre > 1.2 else 50
    right, y = 10 + metres * frame.per_metre, frame.height - 8
    return (
        f'<path d="M10 {y - 5:g}V{y:g}H{right:.1f}V{y - 5:g}" fill="none" stroke="{INK}" stroke-width="1.5"/>'
        f"{_halo(right + 6, y, f'{metres} m', INK)}"
    )


def _axis(
    one: Situation, bars: list[Bar], own: pd.DataFrame, frame: Frame, y: float, colour: str
) -> str:
    bottom = y + frame.height
    out = [
        f'<path d="M{frame.x(month):.1f} {y:g}V{bottom - 16:g}" stroke="{LINE}"/>'
        f'<text x="{frame.x(month):.1f}" y="{bottom - 3:g}" text-anchor="middle" font-size="10.5" '
        f'fill="{SOFT}">{str(month)[:7]}</text>'
        for month in _ticks(frame)
    ]
    step = min((frame.height - 20) / max(len(bars), 1), 34.0)
    rows = {id(bar): y + step * (number + 0.5) for number, bar in enumerate(bars)}
    told = own.iloc[:1]
    for row in told.itertuples():
        if not row.overlap_days > 0 and row.rule != "permit_exceeded":
            continue
        first, last = frame.x(_day(row.start)), frame.x(_day(row.finish) + 1)
        out.append(
            f'<rect x="{first:.1f}" y="{y:g}" width="{last - first:.1f}" height="{frame.height - 16:g}" '
            f'fill="{colour}" fill-opacity=".13" stroke="{colour}" stroke-dasharray="3 3"/>'
        )
    for bar in bars:
        middle, start, end = rows[id(bar)], frame.x(bar.first), frame.x(bar.last + 1)
        if bar.number:
            out.append(badge(LEFT + 10, middle, bar.number))
        out.append(
            f'<text x="{LEFT + 24:g}" y="{middle - 2:.1f}" font-size="11.5">{escape(bar.zh)}</text>'
            f'<text x="{LEFT + 24:g}" y="{middle + 11:.1f}" font-size="10.5" fill="{SOFT}">{escape(bar.en)}</text>'
            f'<rect x="{start:.1f}" y="{middle - 7:.1f}" width="{max(end - start, 2):.1f}" height="14" rx="2" '
            f'fill="{bar.colour}" fill-opacity="{0.55 if bar.hatched else 0.8}"/>'
        )
        if bar.hatched:
            out.append(
                f'<rect x="{start:.1f}" y="{middle - 7:.1f}" width="{max(end - start, 2):.1f}" height="14" '
                'rx="2" fill="url(#h)"/>'
            )
    out += [_gap(row, bars, rows, frame, colour) for row in told.itertuples()]
    if frame.first < np.datetime64(one.as_of) < frame.last:
        x = frame.x(np.datetime64(one.as_of))
        out.append(
            f'<path d="M{x:.1f} {y:g}V{bottom - 16:g}" stroke="{INK}" stroke-width="1.5" stroke-dasharray="5 3"/>'
            f"{_halo(x + 4, bottom - 20, '研判日 as of', INK)}"
        )
    return "".join(out)


def _gap(row: Any, bars: list[Bar], rows: dict[int, float], frame: Frame, colour: str) -> str:
    """Return the days between two works that follow each other."""
    if not row.gap_days > 0 or row.overlap_days > 0:
        return ""
    earlier, later = sorted((bar for bar in bars if bar.number), key=lambda bar: bar.first)
    start, end = frame.x(earlier.last + 1), frame.x(later.first)
    y = (rows[id(earlier)] + rows[id(later)]) / 2
    return (
        f'<path d="M{start:.1f} {y - 8:.1f}v16M{end:.1f} {y - 8:.1f}v16M{start:.1f} {y:.1f}H{end:.1f}" '
        f'stroke="{colour}" stroke-width="1.5" fill="none"/>'
        f'<text x="{(start + end) / 2:.1f}" y="{y - 4:.1f}" text-anchor="middle" font-weight="700" '
        f'fill="{colour}">{row.gap_days:.0f} 天 days</text>'
    )


def _ticks(frame: Frame) -> list[Day]:
    months = np.arange(frame.first.astype("M8[M]") + 1, frame.last.astype("M8[M]") + 1)
    step = next(size for size in (1, 2, 3, 6, 12, 24) if len(months) / size <= 6)
    first = [one for one in months if one.astype(int) % step == 0]
    return [one.astype("M8[D]") for one in first]
