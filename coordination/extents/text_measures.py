"""Sizes that a text states: 约430米, 长2444米 宽9米, 全长1.2公里, 沥青1538㎡."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Dimension = Literal["length_m", "width_m", "area_m2", "other"]

_LENGTH_UNITS = {"公里": 1000.0, "千米": 1000.0, "km": 1000.0, "米": 1.0, "公尺": 1.0, "m": 1.0}
_AREA_UNITS = {
    "万平方米": 1e4, "万平米": 1e4, "万m2": 1e4, "平方米": 1.0, "平米": 1.0, "m2": 1.0, "m²": 1.0,
    "平方公尺": 1.0, "公顷": 1e4, "亩": 2000 / 3,
}  # fmt: skip

MEASURE = re.compile(
    r"(?P<about>(?:道路|路段|路线|线路|施工|工程|改造|维修|实施)?"
    r"(?P<what>全长|总长度?|长度|长|路幅宽|红线宽|宽度|宽|总面积|面积|深度|埋深|深|高度|高|直径|管径|厚度?)?"
    r"(?:约为|约|大约|近|为|是|共|共计)*\s*:?\s*)"
    r"(?P<number>\d{1,9}(?:,\d{3})*(?:\.\d{1,6})?)(?:余|多)?\s*"
    r"(?P<unit>万平方米|万平米|万m2|平方米|平方公尺|平米|m2|m²|公顷|亩|公里|千米|km|米|公尺|m)"
    r"(?![A-Za-z0-9])(?:左右|余|许)?",
    re.IGNORECASE,
)
"""One size with what it is of; the number is in ``number``, the unit in ``unit``."""

_OF_PIPES = re.compile(r"(?:管道?|管线|电缆|光缆|缆|线|沟|渠|DN\d*|杆|槽)\s*(?:约|长)?$")


@dataclass(frozen=True)
class Measure:
    """One size.

    Attributes
    ----------
    dimension
        What it is of; ``other`` for what is no size of the ground (depth, length of pipes).
    value
        In metres or square metres.
    """

    dimension: Dimension
    value: float


def measure(match: re.Match[str], before: str = "") -> Measure:
    """Return the size that `MEASURE` matched.

    Parameters
    ----------
    match
        Of `MEASURE`.
    before
        What stands before it: the length of a pipe is no length of the works.

    Examples
    --------
    >>> measure(MEASURE.match("全长1.2公里"))
    Measure(dimension='length_m', value=1200.0)
    >>> measure(MEASURE.match("1538m2")).dimension
    'area_m2'
    """
    number = float(match["number"].replace(",", ""))
    unit = match["unit"].lower()
    what = match["what"] or ""
    if unit in _AREA_UNITS:
        return Measure("area_m2", round(number * _AREA_UNITS[unit], 6))
    value = round(number * _LENGTH_UNITS[unit], 6)
    if "宽" in what:
        return Measure("width_m", value)
    if any(word in what for word in "深高径厚") or (not what and _OF_PIPES.search(before)):
        return Measure("other", value)
    return Measure("length_m", value)
