"""Coordinates as people write them into cells: degrees with minutes, pairs, and lists of pairs.

One cell has one reading or none. What could be read in two ways (a decimal comma, corners that are
not closed, numbers that do not pair up) is refused in its row, with the reason.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely

Shape = Literal["line", "area"]
Order = Literal["as_written", "north_first"]

_SIGNS = str.maketrans(
    {
        **dict.fromkeys("º˚度", "°"),
        **dict.fromkeys("′’‘ʹ´`＇分", "'"),
        **dict.fromkeys("″“”ʺ＂秒", '"'),
        **dict.fromkeys("，", ","),
        **dict.fromkeys("；", ";"),
        **dict.fromkeys("：", ":"),
        **dict.fromkeys("｜", "|"),
        **dict.fromkeys("（［【〔", "("),
        **dict.fromkeys("）］】〕", ")"),
        **dict.fromkeys("[{", "("),
        **dict.fromkeys("]}", ")"),
        **dict.fromkeys("－−", "-"),
        **dict.fromkeys("．", "."),
        **dict.fromkeys("＝", "="),
        "\u3000": " ", "\xa0": " ", "\r": "\n", "\ufeff": "",
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
        **{chr(0xFF21 + place): chr(0x41 + place) for place in range(26)},
    }
)  # fmt: skip
_WORDS = (
    (re.compile("东经|東經|经度|經度|\\blon(?:gitude)?\\b|\\blng\\b", re.IGNORECASE), "E"),
    (re.compile("北纬|北緯|纬度|緯度|\\blat(?:itude)?\\b", re.IGNORECASE), "N"),
    (re.compile("西经|西經"), "W"),
    (re.compile("南纬|南緯"), "S"),
)
_COUNTED = re.compile(r"(?:\A|(?<=[;|\n]))\s*+[A-Za-z点號号]{0,3}\d{1,3}\s*+[:、]\s*+")
_ONE = r"\d++(?:\.\d++)?"
_TOKEN = re.compile(
    rf"(?:(?P<axis>[XYxy])\s*+[:=]?\s*+|(?P<before>[EWNSewns])\s*+[:=]?\s*+)?"
    rf"(?P<number>-?{_ONE})"
    rf"""(?:\s*+(?P<degree>°)(?:\s*+(?P<minute>{_ONE})\s*+(?:'(?!')\s*+(?:(?P<second>{_ONE})\s*+(?:"|''))?)?)?)?"""
    r"(?(before)|(?:\s*+(?P<after>[EWNSewns])(?![A-Za-z:=]))?)"
)
_GAP = re.compile(r"[\s,;|/、()]++\Z")
_EDGE = re.compile(r"[\s,;|/、()]*+\Z")
_BOUNDARY = re.compile(r"\)[\s,;|/、]*+\(")
_CLASSES = ";|、,/\n\t "

_NAMED = re.compile(
    r"(?:项目|工程|施工|位置|地理|拐点|界址点?|中心点?|范围|红线|管线|道路|地块|gps|wgs-?84|cgcs2000|经纬度|经纬"
    r"|百度|高德|腾讯|火星|gcj-?02|bd-?09)*"
    r"(?:坐标|座标)(?:串|点|列表|集|信息|范围|数据)?\Z"
    r"|(?:项目|工程|施工|位置|中心点?|拐点|范围)?(?:经纬度|纬经度)(?:信息|范围)?\Z"
    r"|(?:lon|lng|longitude)[_,/ ]?(?:lat|latitude)\Z|(?:lat|latitude)[_,/ ]?(?:lon|lng|longitude)\Z"
)
_NORTH_FIRST = re.compile(r"\A纬经度|\Alat|[(]\s*(?:纬|lat|n|北)")
_CORNERS = re.compile("拐点|界址|范围|红线|地块")
_CENTRE = re.compile("中心")
_LARGEST_DEGREE = 180.0
_LEAST_LONGITUDE = 73.0
"""West of it there is no China, and no place of China is so far north."""


@dataclass(frozen=True)
class CoordinateColumn:
    """What the name of a column says of the coordinates written in it.

    Attributes
    ----------
    order
        Which number comes first.
    corners
        Whether places that are not closed may be the corners of an area.
    centre
        Whether only one place can be meant.
    """

    order: Order = "as_written"
    corners: bool = False
    centre: bool = False


def coordinate_column(name: str) -> CoordinateColumn | None:
    """Return what a column's name says, or None where it is not called as coordinates are.

    Examples
    --------
    >>> coordinate_column("拐点坐标"), coordinate_column("坐标系")
    (CoordinateColumn(order='as_written', corners=True, centre=False), None)
    >>> coordinate_column("坐标（纬度，经度）").order
    'north_first'
    """
    folded = unicodedata.normalize("NFKC", name).strip().lower().rpartition(".")[2]
    folded = folded.replace("標", "标").replace("經", "经").replace("緯", "纬").replace("點", "点")
    base = re.sub(r"\(.*\)", "", folded).strip().replace(" ", "")
    if not _NAMED.match(base):
        return None
    return CoordinateColumn(
        "north_first" if _NORTH_FIRST.search(folded) else "as_written",
        _CORNERS.search(base) is not None,
        _CENTRE.search(base) is not None,
    )


@dataclass(frozen=True)
class Angle:
    """One number of a text, in degrees where it has signs of degrees.

    Attributes
    ----------
    value
        West and south are negative.
    letter
        ``E`` (also for west), ``N`` (also for south), ``X``, ``Y``, or empty.
    whole
        Whether it is written without decimals and without minutes.
    """

    value: float
    letter: str
    whole: bool


def angle_of(text: str) -> Angle | None:
    r"""Return the one number that a text writes, or None.

    Examples
    --------
    >>> angle_of("121°15′30″E").value, angle_of("31度24分").value, angle_of("北纬31°23'24.6\"").letter
    (121.25833333333334, 31.4, 'N')
    >>> angle_of("121°75′"), angle_of("121.5 km")
    (None, None)
    """
    plain = _plain(text)
    match = _TOKEN.match(plain.strip())
    if match is None or match.end() != len(plain.strip()):
        return None
    return _angle(match)


def _plain(text: str) -> str:
    for word, letter in _WORDS:  # first: 经度 holds the sign of degrees
        text = word.sub(letter, text)
    return text.translate(_SIGNS)


def _angle(match: re.Match[str]) -> Angle | None:
    number, minute, second = match["number"], match["minute"], match["second"]
    before, after = (match["before"] or "").upper(), (match["after"] or "").upper()
    if before and after and before != after:
        return None
    letter = before or after
    value = float(number)
    if minute is not None:
        if "." in number or float(minute) >= 60 or (second is not None and "." in minute):
            return None
        seconds = float(second or 0)
        if seconds >= 60:
            return None
        size = abs(value) + float(minute) / 60 + seconds / 3600
        value = -size if number.startswith("-") else size
    if letter in ("W", "S"):
        if value < 0:
            return None
        value = -value
    kind = {"W": "E", "S": "N"}.get(letter, letter) or (match["axis"] or "").upper()
    return Angle(value, kind, "." not in number and minute is None)


@dataclass(frozen=True)
class Written:
    """What a cell says: a geometry, or why it has none.

    Attributes
    ----------
    geometry
        Missing where ``fault`` says why.
    fault
        Empty, or last part of a code ``coordinates.cell.…``.
    """

    geometry: shapely.Geometry | None
    fault: str = ""


def written_geometry(
    text: str, column: CoordinateColumn | None = None, shape: Shape | None = None
) -> Written:
    """Return the point, line or (closed) area that a cell writes.

    Parameters
    ----------
    text
        The cell.
    column
        What its column's name says.
    shape
        What places that are not closed are, where somebody said it.

    Examples
    --------
    >>> written_geometry("121.1,31.2;121.2,31.3").geometry
    <LINESTRING (121.1 31.2, 121.2 31.3)>
    >>> written_geometry("31°12′N 121°06′E").geometry
    <POINT (121.1 31.2)>
    >>> written_geometry("121,25;31,38").fault, written_geometry("121.1,31.2;121.2").fault
    ('whole_degrees', 'odd')
    """
    column = column or CoordinateColumn()
    tokens, gaps, fault = _tokens(text)
    if fault:
        return Written(None, fault)
    groups = _groups(tokens, gaps)
    if groups is None:
        return Written(None, "odd" if len(tokens) % 2 else "unpaired")
    pairs: list[tuple[float, float]] = []
    for group in groups:
        pair = _pair(group, column.order)
        if pair is None:
            return Written(None, "letters")
        pairs.append(pair)
    xy = np.array(pairs, dtype=np.float64)
    small = np.abs(xy) <= _LARGEST_DEGREE
    degrees = small.all(axis=1)
    if (degrees.any() and not degrees.all()) or (small.any(axis=1) & (xy > 1e6).any(axis=1)).any():
        return Written(None, "mixed")
    if degrees.all() and any(token.whole for group in groups for token in group):
        return Written(None, "whole_degrees")
    return _shaped(xy, column, shape)


def _shaped(xy: npt.NDArray[np.float64], column: CoordinateColumn, shape: Shape | None) -> Written:
    if len(xy) == 1:
        return Written(shapely.Point(xy[0]))
    if column.centre:
        return Written(None, "centre_several")
    closed = len(xy) >= 4 and bool((xy[0] == xy[-1]).all())
    if closed:
        return Written(shapely.Polygon(xy))
    if shape == "area" and len(xy) >= 3:
        return Written(shapely.Polygon(xy))
    if shape is None and column.corners and len(xy) >= 3:
        return Written(None, "corners_open")
    return Written(shapely.LineString(xy))


def _tokens(text: str) -> tuple[list[Angle], list[str], str]:
    """Return the numbers of a cell, what stands between them, and what is wrong."""
    plain = _COUNTED.sub("", _plain(text))
    if not any(letter.isdigit() for letter in plain):
        return [], [], "words"
    tokens: list[Angle] = []
    gaps: list[str] = []
    end = 0
    for match in _TOKEN.finditer(plain):
        between = plain[end : match.start()]
        # A letter alone parts two numbers as well: 31.2N121.1E
        parted = not between and len(tokens) > 0 and tokens[-1].letter != ""
        angle = _angle(match)
        if angle is None or not (parted or (_GAP if tokens else _EDGE).match(between)):
            return [], [], "unreadable"
        if tokens:
            gaps.append(between or " ")
        tokens.append(angle)
        end = match.end()
    if not _EDGE.match(plain[end:]):
        return [], [], "unreadable"
    return tokens, gaps, "single" if len(tokens) == 1 else ""


def _groups(tokens: list[Angle], gaps: list[str]) -> list[list[Angle]] | None:
    """Return the numbers place by place, or None where they do not pair up in one way."""
    if len(tokens) == 2:
        return [tokens]
    classes = [
        ")" * gap.count(")")
        if _BOUNDARY.search(gap)
        else next((c for c in _CLASSES if c in gap), "")
        for gap in gaps
    ]
    for size in (2, 3):
        for chosen in dict.fromkeys(classes):
            cuts = [at + 1 for at, one in enumerate(classes) if one == chosen]
            groups = [tokens[a:b] for a, b in zip([0, *cuts], [*cuts, len(tokens)], strict=True)]
            if all(len(group) == size for group in groups):
                return groups if size == 2 else _without_third(groups)
    if len(tokens) == 3:
        return _without_third([tokens])
    # One separator all through: the numbers themselves have to take turns.
    groups = [tokens[at : at + 2] for at in range(0, len(tokens), 2)]
    if len(set(classes)) == 1 and len(tokens) % 2 == 0 and _takes_turns(tokens):
        return groups
    return None


def _without_third(groups: list[list[Angle]]) -> list[list[Angle]] | None:
    """Return places without their running number or their height, None where it is neither."""
    first = [group[0].value for group in groups]
    if len(groups) > 1 and first == list(range(1, len(groups) + 1)):
        return [group[1:] for group in groups]
    for group in groups:
        x, y, z = (abs(token.value) for token in group)
        degrees = max(x, y) <= _LARGEST_DEGREE
        # A third number that can be a longitude, or is as large as the others, is no height.
        if group[2].letter or z >= (_LEAST_LONGITUDE if degrees else min(x, y, 9000.0)):
            return None
    return [group[:2] for group in groups]


def _takes_turns(tokens: list[Angle]) -> bool:
    kinds = [_kind(abs(token.value)) for token in tokens]
    first, second = set(kinds[::2]), set(kinds[1::2])
    return len(first) == len(second) == 1 and first != second


def _kind(value: float) -> str:
    """Return what a number of China can be: no longitude is a latitude, no northing an easting."""
    if value <= _LARGEST_DEGREE:
        return "lon" if value > _LEAST_LONGITUDE else "lat"
    return "north" if 1_500_000 < value < 6_500_000 else "east"


def _pair(group: list[Angle], order: Order) -> tuple[float, float] | None:
    first, second = group
    letters = first.letter + second.letter
    if letters in ("EN", "XY"):
        return first.value, second.value
    if letters in ("NE", "YX"):
        return second.value, first.value
    if letters:
        return None
    if order == "north_first":
        return second.value, first.value
    return first.value, second.value
