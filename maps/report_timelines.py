"""Windows in time for the report: one strip per member of a case, one line per road."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from coordination.formats import member_colour
from maps.report_svg import badge, svg

_TICK_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)
_ROW = 21.0
_AXIS = 24.0
TODAY = "#1d2733"
DONE = "#5b2a86"


@dataclass(frozen=True)
class Axis:
    """Days to picture units."""

    first: pd.Timestamp
    last: pd.Timestamp
    left: float
    right: float

    def at(self, day: pd.Timestamp) -> float:
        """Return where a day begins; days beyond the ends lie on them."""
        share = (day - self.first) / (self.last - self.first)
        return self.left + float(np.clip(share, 0.0, 1.0)) * (self.right - self.left)

    def ticks(self, most: int) -> list[pd.Timestamp]:
        """Return the firsts of months, quarters or years, at most ``most`` of them."""
        months = pd.date_range(self.first, self.last, freq="MS")
        for step in _TICK_MONTHS:
            kept = [day for day in months if (day.year * 12 + day.month - 1) % step == 0]
            if len(kept) <= most:
                return kept
        return []

    def scale(self, most: int, top: float, bottom: float) -> str:
        """Return the grid with its dates above."""
        ticks = self.ticks(most)
        yearly = all(day.month == 1 for day in ticks)
        return "".join(
            f'<path d="M{self.at(day):.1f} {top:g}V{bottom:g}" stroke="'
            f'{"#aab4c0" if day.month == 1 else "#dfe3e8"}"/>'
            f'<text x="{self.at(day) + 2:.1f}" y="{top - 5:g}" font-size="10" fill="#55606e">'
            f"{day.year if yearly else f'{day.year}-{day.month:02d}'}</text>"
            for day in ticks
            if self.at(day) < self.right - 36
        )


def axis_of(days: Sequence[pd.Timestamp], left: float, right: float) -> Axis:
    """Return the axis on which all ``days`` lie, with a rim on both sides."""
    first, last = min(days), max(days)
    rim = max((last - first) * 0.03, pd.Timedelta(days=5))
    return Axis(first - rim, last + rim, left, right)


def gantt_svg(windows: pd.DataFrame, members: int, *, as_of: pd.Timestamp, width: int = 520) -> str:
    """Return the windows of a case, one strip per member, with the day of judgement.

    Parameters
    ----------
    windows
        One row per site with a known window: ``number`` of the member (from 1), ``start``,
        ``finish`` (inclusive) and, where known, ``earliest_start``, ``latest_finish``,
        ``start_precision``, ``finish_precision``.
    members
        How many strips; one without a window stays empty.
    as_of
        Drawn as a dashed line where it falls into the picture.
    width
        Of the picture; the height follows.

    Returns
    -------
    str
        SVG. A window that is only known to the month or coarser has a dashed edge; the thin line
        behind it is the time within which it may move.
    """
    days = [*windows["start"], *(windows["finish"] + pd.Timedelta(days=1))]
    axis = axis_of(days, 26.0, width - 6.0)
    height = _AXIS + members * _ROW + 6
    strips = "".join(
        f'<path d="M0 {_AXIS + row * _ROW:g}H{width:g}" stroke="#edf0f3"/>'
        + badge(12, _AXIS + (row + 0.5) * _ROW, row + 1)
        for row in range(members)
    )
    bars = "".join(_bar(axis, row) for row in windows.to_dict("records"))
    today = ""
    if axis.first <= as_of <= axis.last:
        x = axis.at(as_of)
        today = (
            f'<path d="M{x:.1f} {_AXIS - 3:g}V{height:g}" stroke="{TODAY}" stroke-width="1.4" '
            f'stroke-dasharray="4 3"/><path d="M{x - 4:.1f} {_AXIS - 8:g}h8l-4 6Z" fill="{TODAY}"/>'
        )
    grid = axis.scale(int((width - 32) / 58), _AXIS - 6, height)
    return svg(width, height, f"{grid}{strips}{bars}{today}")


def _bar(axis: Axis, window: Mapping[Hashable, Any]) -> str:
    number = int(str(window["number"]))
    start, finish = pd.Timestamp(str(window["start"])), pd.Timestamp(str(window["finish"]))
    colour = member_colour(number)
    middle = _AXIS + (number - 0.5) * _ROW
    left, right = axis.at(start), axis.at(finish + pd.Timedelta(days=1))
    coarse = any(
        window.get(name) in ("month", "quarter", "half", "year", "unknown")
        for name in ("start_precision", "finish_precision")
    )
    edge = ' stroke-dasharray="3 2"' if coarse else ""
    earliest, latest = window.get("earliest_start"), window.get("latest_finish")
    reach = ""
    if not (pd.isna(earliest) and pd.isna(latest)):
        begin = start if pd.isna(earliest) else pd.Timestamp(str(earliest))
        end = finish if pd.isna(latest) else pd.Timestamp(str(latest))
        reach = (
            f'<path d="M{axis.at(begin):.1f} {middle:g}H{axis.at(end + pd.Timedelta(days=1)):.1f}" '
            f'stroke="{colour}" stroke-width="1.4"/>'
        )
    return (
        f'{reach}<rect x="{left:.1f}" y="{middle - 6:g}" width="{max(right - left, 2.0):.1f}" '
        f'height="12" rx="2" fill="{colour}" fill-opacity=".75" stroke="{colour}"{edge}/>'
    )


def road_timeline_svg(
    windows: pd.DataFrame, *, as_of: pd.Timestamp, width: int = 250, height: int = 34
) -> str:
    """Return when a road was opened and will be: past works filled, later ones hollow.

    Parameters
    ----------
    windows
        ``start`` and ``finish`` (inclusive), one row per work.
    as_of
        The day between past and future, a vertical line.
    width, height
        Of the picture.

    Returns
    -------
    str
        SVG.
    """
    axis = axis_of([*windows["start"], *windows["finish"], as_of], 2.0, width - 2.0)
    bars = []
    for start, finish in windows[["start", "finish"]].itertuples(index=False, name=None):
        left, right = axis.at(start), axis.at(finish + pd.Timedelta(days=1))
        fill = DONE if start <= as_of else "#ffffff"
        bars.append(
            f'<rect x="{left:.1f}" y="16" width="{max(right - left, 2.5):.1f}" height="{height - 20:g}" '
            f'fill="{fill}" fill-opacity=".55" stroke="{DONE}"/>'
        )
    x = axis.at(as_of)
    return svg(
        width,
        height,
        f'{axis.scale(5, 13, height)}{"".join(bars)}<path d="M{x:.1f} 12V{height:g}" '
        f'stroke="{TODAY}" stroke-width="1.4" stroke-dasharray="3 2"/>',
    )
