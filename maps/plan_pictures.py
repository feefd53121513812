"""Pictures of a plan for its page: the plans side by side, a bundle in time, a road in time.

What stays as filed is hollow and dashed, what is scheduled is dark and filled, and numbers stand for
the works order: the pictures read on paper in black and white. Texts are escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd

from maps.report_svg import FONTS
from maps.report_timelines import Axis, axis_of

_FILED, _DARK, _SOFT, _BAND = "#5a6675", "#12395e", "#5a6675", "#e3e9f0"
_ROW, _TOP, _LABEL = 27.0, 26.0, 214.0
_LANE, _MOST_LANES = 8.0, 5
_LETTERS = 22
_HALO = 'stroke="#fff" stroke-width="3.5" paint-order="stroke"'


@dataclass(frozen=True)
class Strip:
    """A work in time: one row of a picture.

    Attributes
    ----------
    label
        Whose it is.
    order
        Its step in the works order.
    filed, scheduled
        First day and day after the last one, days since 1970-01-01; None where they may not be shown.
    """

    label: str
    order: int
    filed: tuple[int, int] | None
    scheduled: tuple[int, int] | None


@dataclass(frozen=True)
class Measure:
    """A figure of every plan, as a group of bars.

    Attributes
    ----------
    name
        What is measured.
    values
        Label, figure and figure in words of each plan.
    bound
        What no plan beats, and in words; None where it is not known.
    """

    name: str
    values: tuple[tuple[str, float, str], ...]
    bound: tuple[float, str] | None


def picture(width: float, height: float, body: str, label: str) -> str:
    """Return a picture that screen readers name."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" font-family="{FONTS}" role="img" '
        f'aria-label="{escape(label)}"><title>{escape(label)}</title>{body}</svg>'
    )


def comparison_svg(measures: Sequence[Measure], label: str, *, width: int = 990) -> str:
    """Return the plans as bars, one group per measure, with the bound as a dashed line.

    Parameters
    ----------
    measures
        What is compared.
    label
        What the picture is, for screen readers; its figures stand in a table beside it.
    width
        Of the picture.
    """
    gap = 26.0
    wide = (width - 16 - gap * (len(measures) - 1)) / len(measures)
    rows = max(len(one.values) for one in measures)
    height = 56.0 + rows * 40.0
    groups = (_bars(one, 8 + at * (wide + gap), wide, height) for at, one in enumerate(measures))
    return picture(width, height, "".join(groups), label)


def _bars(measure: Measure, left: float, wide: float, height: float) -> str:
    figures = [value for _, value, _ in measure.values]
    top = max([*figures, measure.bound[0] if measure.bound else 0.0, 1e-9])
    name = escape(measure.name)
    bars, words_over = (
        [],
        [
            f'<text x="{left:.1f}" y="16" font-size="13" font-weight="700" fill="{_DARK}">{name}</text>'
        ],
    )
    for row, (plan, value, words) in enumerate(measure.values):
        y, last = 30.0 + row * 40.0, row == len(measure.values) - 1
        words_over.append(
            f'<text x="{left:.1f}" y="{y + 11:g}" font-size="11.5" fill="#1b2430">{escape(plan)}</text>'
            f'<text x="{left + wide:.1f}" y="{y + 11:g}" font-size="11.5" font-weight="700" '
            f'text-anchor="end" fill="#1b2430" {_HALO}>{escape(words)}</text>'
        )
        bars.append(
            f'<rect x="{left:.1f}" y="{y + 16:g}" width="{max(wide * value / top, 1.0):.1f}" '
            f'height="13" fill="{_DARK if last else "#b9c6d6"}" stroke="{_DARK}"/>'
        )
    if measure.bound is not None:
        x = left + wide * measure.bound[0] / top
        end = x > left + wide / 2
        bars.append(
            f'<path d="M{x:.1f} 28V{height - 22:g}" stroke="#fff" stroke-width="4.5"/>'
            f'<path d="M{x:.1f} 28V{height - 22:g}" stroke="#a50f15" stroke-width="1.8" '
            f'stroke-dasharray="5 3"/><text x="{x:.1f}" y="{height - 8:g}" font-size="11.5" '
            f'fill="#a50f15" text-anchor="{"end" if end else "start"}">{escape(measure.bound[1])}</text>'
        )
    return "".join((*bars, *words_over))


def bundle_svg(strips: Sequence[Strip], label: str, *, width: int = 990) -> str:
    """Return a bundle in time: one row per work in works order, filed above scheduled.

    Parameters
    ----------
    strips
        The works in works order.
    label
        What the picture is, for screen readers.
    width
        Of the picture.

    Returns
    -------
    str
        SVG; the pale band is the time in which the bundle keeps the road open. Empty where no day may
        be shown.
    """
    axis = _axis(strips, width)
    if axis is None:
        return ""
    shown = [one.scheduled for one in strips if one.scheduled is not None]
    height = _TOP + len(strips) * _ROW + 4
    band = ""
    if shown:
        left, right = (
            axis.at(_day(min(a for a, _ in shown))),
            axis.at(_day(max(b for _, b in shown))),
        )
        band = (
            f'<rect x="{left:.1f}" y="{_TOP:g}" width="{right - left:.1f}" '
            f'height="{height - _TOP:g}" fill="{_BAND}"/>'
        )
    return picture(
        width, height, band + _grid(axis, height) + _rows(axis, strips, _TOP, width), label
    )


def road_svg(
    strips: Sequence[Strip],
    filed: Sequence[tuple[int, int]],
    scheduled: Sequence[tuple[int, int]],
    words: tuple[str, str],
    label: str,
    *,
    width: int = 990,
) -> str:
    """Return a road in time: its openings as filed and as scheduled as bands, then its works.

    Parameters
    ----------
    strips
        Works on the road, in works order.
    filed, scheduled
        First day and day after the last one of every opening.
    words
        What stands beside the bands.
    label
        What the picture is, for screen readers.
    width
        Of the picture.
    """
    axis = _axis(strips, width)
    if axis is None:
        return ""
    above, below = _lanes(filed), _lanes(scheduled)
    tall = [max(len(one), 1) * _LANE + 8 for one in (above, below)]
    top = _TOP + sum(tall) + 6
    height = top + len(strips) * _ROW + 4
    drawn = [_grid(axis, height)]
    y = _TOP
    for lanes, name, is_filed, high in zip((above, below), words, (True, False), tall, strict=True):
        drawn.append(_name(name, y + high / 2 + 4, bold=True))
        for row, lane in enumerate(lanes):
            drawn += [
                _bar(axis, one, y + 4 + row * _LANE, _LANE - 1.5, filed=is_filed) for one in lane
            ]
        y += high
    drawn.append(f'<path d="M0 {top - 4:g}H{width}" stroke="#b7c1cc"/>')
    drawn.append(_rows(axis, strips, top, width))
    return picture(width, height, "".join(drawn), label)


def _axis(strips: Sequence[Strip], width: int) -> Axis | None:
    days = [
        _day(day) for one in strips for pair in (one.filed, one.scheduled) if pair for day in pair
    ]
    return axis_of(days, _LABEL, width - 8.0) if days else None


def _day(day: int) -> pd.Timestamp:
    return pd.Timestamp(day, unit="D")


def _grid(axis: Axis, height: float) -> str:
    return axis.scale(12, _TOP - 6, height)


def _rows(axis: Axis, strips: Sequence[Strip], top: float, width: float) -> str:
    drawn = []
    for row, one in enumerate(strips):
        y = top + row * _ROW
        drawn.append(f'<path d="M0 {y:g}H{width:g}" stroke="#dfe5ec"/>')
        drawn.append(
            f'<circle cx="11" cy="{y + _ROW / 2:g}" r="8.5" fill="#fff" stroke="{_DARK}" '
            f'stroke-width="1.5"/><text x="11" y="{y + _ROW / 2 + 4:g}" font-size="11" '
            f'font-weight="700" text-anchor="middle" fill="{_DARK}">{one.order}</text>'
        )
        drawn.append(_name(one.label, y + _ROW / 2 + 4, at=26.0))
        if one.filed is not None:
            drawn.append(_bar(axis, one.filed, y + 4, 7.0, filed=True))
        if one.scheduled is not None:
            drawn.append(_bar(axis, one.scheduled, y + 13.5, 10.0, filed=False))
    return "".join(drawn)


def _name(label: str, y: float, *, at: float = 2.0, bold: bool = False) -> str:
    shown = label if len(label) <= _LETTERS else f"{label[: _LETTERS - 1]}…"
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{at:g}" y="{y:.1f}" font-size="11.5"{weight} fill="#1b2430">{escape(shown)}'
        f"<title>{escape(label)}</title></text>"
    )


def _bar(axis: Axis, days: tuple[int, int], y: float, high: float, *, filed: bool) -> str:
    left, right = axis.at(_day(days[0])), axis.at(_day(days[1]))
    look = (
        f'fill="#fff" stroke="{_FILED}" stroke-width="1.2" stroke-dasharray="3 2"'
        if filed
        else f'fill="{_DARK}" stroke="#fff" stroke-width=".8"'
    )
    return (
        f'<rect x="{left:.1f}" y="{y:.1f}" width="{max(right - left, 2.0):.1f}" '
        f'height="{high:g}" {look}/>'
    )


def _lanes(openings: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Return openings in as few lanes as keep them apart; what has no lane left lies in the last."""
    lanes: list[list[tuple[int, int]]] = []
    for one in sorted(openings):
        free = next((lane for lane in lanes if lane[-1][1] <= one[0]), None)
        if free is None and len(lanes) < _MOST_LANES:
            lanes.append([one])
        else:
            (free or lanes[-1]).append(one)
    return lanes
