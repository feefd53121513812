"""Tables and geometry as few bytes of JSON: columns instead of one record per feature.

Coordinates are longitude and latitude in millionths of a degree (0.11 m), each vertex as the step
from the one before it. ``maps/static/decode.js`` reads what stands here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.projects import UNKNOWN_DAY, day_numbers
from coordination.wording import LANGUAGES

PER_DEGREE = 1_000_000
SIMPLIFY_M = 0.1

_NUMBER_MARK, _FIRST_NAME = 0xFDD0, 0xFDD1
"""Noncharacters: no text that is meant for people holds them."""
_MARKS = re.compile("[\ufdd0-\ufdef]")
_NUMBER = re.compile(r"\d+(?:[.,:–-]\d+)*", re.ASCII)

Geometries = npt.NDArray[np.object_]
Column = list[object]
Written = Callable[[Any, str], str]
"""How a value is written for people in a language."""


def lon_lat(series: gpd.GeoSeries) -> Geometries:
    """Return geometries simplified by at most `SIMPLIFY_M` and in longitude and latitude (WGS 84).

    Parameters
    ----------
    series
        Geometries in a metric CRS; missing ones stay missing.
    """
    simple = shapely.simplify(series.to_numpy(), SIMPLIFY_M, preserve_topology=True)
    return np.asarray(gpd.GeoSeries(simple, crs=series.crs).to_crs(4326).to_numpy())


def pack_geometry(geometries: Geometries, origin: tuple[int, int]) -> dict[str, list[int]]:
    """Return polygons or lines as flat columns of integers.

    Parameters
    ----------
    geometries
        (n,) polygons, lines or their multi forms, longitude and latitude. Missing and empty ones
        come out with no ring.
    origin
        Longitude and latitude in millionths of a degree from which the first vertex counts.

    Returns
    -------
    dict
        ``steps``: x and y of every vertex, each the difference to the vertex before it (the first
        of a ring: to ``origin``); ``ring_vertices``: (rings,) vertices per ring; ``rings``: (n,)
        rings per geometry. A hole is a ring like others: the even-odd rule fills it right.

    Examples
    --------
    >>> pack_geometry(np.array([shapely.LineString([(121.0, 31.0), (121.000002, 31.000001)]), None]),
    ...     (121_000_000, 31_000_000))
    {'steps': [0, 0, 2, 1], 'ring_vertices': [2], 'rings': [1, 0]}
    """
    parts, owner = shapely.get_parts(geometries, return_index=True)
    areal = shapely.get_dimensions(parts) == 2
    rings, ring_part = shapely.get_rings(parts[areal], return_index=True)
    curves = np.concatenate([rings, parts[~areal]])
    curve_owner = np.concatenate([owner[areal][ring_part], owner[~areal]])
    kept = ~(shapely.is_missing(curves) | shapely.is_empty(curves))
    order = np.argsort(curve_owner[kept], kind="stable")
    curves, curve_owner = curves[kept][order], curve_owner[kept][order]
    points, curve = shapely.get_coordinates(curves, return_index=True)
    grid = np.rint(points * PER_DEGREE).astype(np.int64)
    first = np.ones(len(curve), dtype=bool)
    first[1:] = curve[1:] != curve[:-1]
    steps = np.diff(grid, axis=0, prepend=grid[:1])
    steps[first] = grid[first] - np.array(origin, dtype=np.int64)
    moved = first | steps.any(axis=1)  # vertices that rounding laid on one another
    return {
        "steps": steps[moved].ravel().tolist(),
        "ring_vertices": np.bincount(curve[moved], minlength=len(curves)).tolist(),
        "rings": np.bincount(curve_owner, minlength=len(geometries)).tolist(),
    }


def pack_text(values: Iterable[object]) -> dict[str, list[object]]:
    """Return a column of texts that repeat as its distinct values and their numbers.

    Returns
    -------
    dict
        ``values``: the distinct texts in order of appearance; ``codes``: (n,) positions in it, -1
        where the text is missing.

    Examples
    --------
    >>> pack_text(["road", None, "road"])
    {'values': ['road'], 'codes': [0, -1, 0]}
    """
    codes, distinct = pd.factorize(np.array([*values, None], dtype=object)[:-1])
    return {"values": [str(value) for value in distinct], "codes": list(codes.tolist())}


def pack_words(values: pd.Series[Any], written: Written) -> dict[str, object]:
    """Return values as people read them in each language; each distinct value is written once.

    Parameters
    ----------
    values
        (n,) numbers or tuples, may be missing.
    written
        Gives the text of a value in ``zh`` or ``en``.

    Returns
    -------
    dict
        ``codes``: (n,) positions in the texts, -1 where missing; ``zh``, ``en``: the texts.

    Examples
    --------
    >>> pack_words(pd.Series([2.0, None, 2.0]), lambda days, lang: f"{days:.0f} {lang}")
    {'codes': [0, -1, 0], 'zh': ['2 zh'], 'en': ['2 en']}
    """
    codes, distinct = pd.factorize(values)
    texts = pd.DataFrame({lang: [written(value, lang) for value in distinct] for lang in LANGUAGES})
    again, pairs = pd.factorize(pd.MultiIndex.from_frame(texts))
    codes = np.append(again, -1)[codes] if len(again) else codes
    packed: dict[str, object] = {"codes": codes.tolist()}
    for place, lang in enumerate(LANGUAGES):
        packed[lang] = [pair[place] for pair in pairs]
    return packed


def pack_sentences(
    sentences: Sequence[str], names: Sequence[tuple[str, ...]]
) -> dict[str, list[object]]:
    """Return sentences as patterns: what a row says by name or number stands beside its pattern.

    Parameters
    ----------
    sentences
        (n,) texts.
    names
        (n,) the same number of texts each, which the page has anyway and that are likely to stand
        in the sentence: codes, names, units, the road. Empty texts stand for none.

    Returns
    -------
    dict
        ``patterns``: distinct sentences with marks in the place of names and numbers; ``codes``:
        (n,) positions in it; ``numbers``: (n,) the numbers in their order, joined by spaces.

    Examples
    --------
    >>> packed = pack_sentences(["A1 and A2: 12 m", "B1 and B2: 7 m"], [("A1", "A2"), ("B1", "B2")])
    >>> packed["codes"], packed["numbers"], len(packed["patterns"])
    ([0, 0], ['12', '7'], 1)
    """
    patterns, numbers = [], []
    for sentence, known in zip(sentences, names, strict=True):
        pattern = _MARKS.sub("\ufffd", sentence)
        for place, name in enumerate(known):
            if name:
                pattern = pattern.replace(name, chr(_FIRST_NAME + place))
        numbers.append(" ".join(_NUMBER.findall(pattern)))
        patterns.append(_NUMBER.sub(chr(_NUMBER_MARK), pattern))
    packed = pack_text(patterns)
    return {"patterns": packed["values"], "codes": packed["codes"], "numbers": list(numbers)}


def pack_days(dates: pd.Series[pd.Timestamp]) -> Column:
    """Return days since 1970-01-01; missing gives None.

    Examples
    --------
    >>> pack_days(pd.Series(pd.to_datetime(["1970-01-03", None])))
    [2, None]
    """
    return [None if day == UNKNOWN_DAY else day for day in day_numbers(dates).tolist()]


def pack_numbers(values: pd.Series[float], digits: int) -> Column:
    """Return numbers rounded to ``digits``; missing gives None, whole numbers lose their point.

    Examples
    --------
    >>> pack_numbers(pd.Series([1.26, float("nan"), 3.0]), 1)
    [1.3, None, 3]
    """
    rounded = np.round(values.to_numpy(dtype="float64", na_value=np.nan), digits)
    return [
        None if value != value else int(value) if value.is_integer() else value  # noqa: PLR0124
        for value in rounded.tolist()
    ]


def pack_strings(values: pd.Series[str]) -> Column:
    """Return texts that seldom repeat; missing gives None.

    Examples
    --------
    >>> pack_strings(pd.Series(["A", None]))
    ['A', None]
    """
    column = values.astype(object)
    return list(column.where(column.notna(), None))
